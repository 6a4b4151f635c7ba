import { RetortError } from '@retort/contracts';
import { checkText } from '@retort/text';

export interface TextsBody {
  input?: string;
  inputs?: string[];
}

export interface TextLimits {
  maxTextCharacters: number;
  maxBatchSize: number;
}

/**
 * The texts of a body that has either `input` or `inputs`, each checked.
 *
 * @returns `single` says that it was `input`, so that one answer is wanted and no list
 * @throws RetortError `RT_INVALID_FIELD`, `RT_TOO_LARGE`, `RT_INVALID_TEXT` naming the field
 */
export function readTexts({ input, inputs }: TextsBody, limits: TextLimits): { texts: string[]; single: boolean } {
  const { maxTextCharacters: maxCharacters, maxBatchSize } = limits;
  if ((input === undefined) === (inputs === undefined)) {
    throw new RetortError('RT_INVALID_FIELD', 'Give either input (one text) or inputs (a list of texts).', {
      problems: [{ path: '/input', message: 'either input or inputs is required, not both' }],
    });
  }
  if (input !== undefined) return { texts: [checkText(input, { maxCharacters, field: 'input' })], single: true };
  const texts = inputs ?? [];
  if (texts.length > maxBatchSize) {
    throw new RetortError('RT_TOO_LARGE', `inputs has ${texts.length} texts; at most ${maxBatchSize} at a time.`, {
      problems: [{ path: '/inputs', message: `must have at most ${maxBatchSize} items` }],
    });
  }
  for (const [i, text] of texts.entries()) checkText(text, { maxCharacters, field: `inputs/${i}` });
  return { texts, single: false };
}
