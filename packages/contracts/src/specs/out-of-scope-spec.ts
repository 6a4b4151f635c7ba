import { type Static, Type } from 'typebox';

/**
 * The label of rows that belong to none of the other labels (CLINC150 calls it `oos`). A teacher that does not know it has no answer for
 * such rows: they are not learned from and are no errors, but tell how well the confidences keep them apart. To a teacher that knows
 * it, it is a label like any other.
 */
export const OutOfScopeSpec = Type.String({
  minLength: 1,
  maxLength: 200,
  default: 'oos',
  description:
    'Label of rows that belong to no other label; they may stand in the data of a teacher that does not know it.',
});
export type OutOfScopeSpec = Static<typeof OutOfScopeSpec>;
