import { type Static, type TSchema, Type } from 'typebox';
import { ERRORS, type ErrorCode } from '../errors.js';

// `title` on an object schema names it: the OpenAPI document lists every titled object once under `components/schemas`, so that generated
// clients get a type of that name.

/**
 * Limits that belong to the formats themselves. Those that an operator sets (texts, batches, uploads) are configuration
 * and checked at run time.
 */
export const LIMITS = {
  /** Distinct labels of a task. */
  labels: 4096,
  /** Characters of one label. */
  labelCharacters: 200,
  /** Rejected rows and duplicate texts that an answer quotes. */
  samples: 100,
  /** Items of one page. */
  pageItems: 100,
} as const;

/** A schema that also admits `null`. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Any identifier that the platform makes. */
export const Id = (what: string, example: string) =>
  Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: `Id of ${what}.`, examples: [example] });

export const DatasetId = Id('a dataset', 'ds_1f0c8a5c6f0e4b7d9a3e2c41');
export const TeacherId = Id('a teacher', 'tch_5b8e1d0a7c3f4e2b');
export const DistillationId = Id('a distillation', 'dst_9c41d7be02aa4f6e');
export const ModelId = Id('a model version', 'mdl_0d9e3f5a7b1c2e4f');
export const KeyId = Id('an API key', 'key_4a6b8c0d2e4f6a8b');

export const Timestamp = Type.String({
  format: 'date-time',
  description: 'ISO 8601, UTC, milliseconds.',
  examples: ['2026-01-31T12:00:00.000Z'],
});

export const Digest = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'sha256, hexadecimal.',
  examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
});

export const Count = (description: string) => Type.Integer({ minimum: 0, description });

/** Labels are compared byte by byte; what nobody can see (control characters, outer blanks) is not part of one. */
export const Label = Type.String({
  minLength: 1,
  maxLength: LIMITS.labelCharacters,
  pattern: '^[^\\s\\p{Cc}](?:[^\\p{Cc}]*[^\\s\\p{Cc}])?$',
  description: 'A label: no control characters, no blanks around it.',
  examples: ['set_alarm'],
});

export const SPLIT_COUNTS = Type.Object(
  { train: Count('Training rows.'), valid: Count('Validation rows.'), test: Count('Test rows.') },
  { title: 'SplitCounts', description: 'Rows per split.' },
);

/** Query of every list. */
export const PageQuery = Type.Object(
  {
    limit: Type.Integer({
      minimum: 1,
      maximum: LIMITS.pageItems,
      default: 50,
      description: 'Most items to answer.',
    }),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,512}$',
        description: '`nextCursor` of the page before; absent for the first page.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type PageQuery = Static<typeof PageQuery>;

/** One page of a list, newest first unless the operation says otherwise. */
export const Page = <T extends TSchema>(title: string, item: T) =>
  Type.Object(
    {
      items: Type.Array(item),
      nextCursor: Nullable(Type.String({ description: 'Pass as `cursor` for the next page; null on the last.' })),
    },
    { title },
  );

export const FieldProblemBody = Type.Object(
  {
    path: Type.String({ description: 'JSON pointer to the field.', examples: ['/spec/training/epochs'] }),
    message: Type.String({ examples: ['must be >= 1'] }),
  },
  { title: 'FieldProblem' },
);

const codes = Object.keys(ERRORS) as ErrorCode[];

/** RFC 9457 problem details: the body of every answer with a status of 400 or more. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Stable reference to the error in the documentation.' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: Type.Enum(codes, { description: 'Stable code from the error table.' }),
    detail: Type.String({ description: 'What was wrong with this request.' }),
    hint: Type.String({ description: 'What to do.' }),
    problems: Type.Optional(Type.Array(FieldProblemBody, { description: 'Every field that was found wrong.' })),
    requestId: Type.Optional(Type.String({ description: 'The `x-request-id` of the answer; the server log has it.' })),
  },
  {
    title: 'Problem',
    description: 'Problem details (RFC 9457).',
    examples: [
      {
        type: 'urn:retort:error:RT_NOT_FOUND',
        title: 'Not found',
        status: 404,
        code: 'RT_NOT_FOUND',
        detail: 'There is no task "assistent".',
        hint: 'Check the id or the path.',
        requestId: '6c1f0e0c-8f3f-4f0b-9a44-0c1b4f1f5a3e',
      },
    ],
  },
);

/** An error as it is kept on a failed job. */
export const StoredError = Type.Object(
  { code: Type.String(), detail: Type.String(), hint: Type.String() },
  { title: 'JobError', description: 'Why a job failed.' },
);
