import { type Static, Type } from 'typebox';
import { FineTuneSpec, FineTuneSpecInput } from '../specs/fine-tune-spec.js';
import { TaskName } from '../task-name.js';
import { POOLINGS, TEACHER_KINDS, TEACHER_STATUSES } from '../teacher.js';
import {
  Count,
  DatasetId,
  Digest,
  Label,
  LIMITS,
  Nullable,
  Page,
  StoredError,
  TeacherId,
  Timestamp,
} from './common.js';

export const TeacherParams = Type.Object({ teacher: TeacherId }, { additionalProperties: false });

const Seed = Type.Integer({
  minimum: 0,
  maximum: 4_294_967_295,
  description: 'Of initial weights and order. Default 1.',
});

export const TeacherHead = Type.Object(
  { dataset: DatasetId, seed: Type.Optional(Seed) },
  {
    title: 'TeacherHead',
    additionalProperties: false,
    description: 'The labelled rows that the head of an encoder is trained on.',
  },
);

export const TeacherTraining = Type.Object(
  { dataset: DatasetId, seed: Type.Optional(Seed), ...FineTuneSpecInput.properties },
  {
    title: 'TeacherTraining',
    additionalProperties: false,
    description:
      'The labelled rows that all of an encoder, or its last layers, are trained on together with a new head, and how. ' +
      'More accurate than a head alone, for minutes instead of seconds.',
  },
);

const registration = {
  name: Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: '^[^\\p{Cc}]+$',
    description: 'For people.',
    examples: ['use-lite'],
  }),
  task: Type.Optional(TaskName),
  kind: Type.Optional(
    Type.Enum([...TEACHER_KINDS], {
      description:
        'What the folder must hold. Left out: `onnx-encoder` if `head` or `train` is given, else `onnx-classifier`.',
    }),
  ),
  pooling: Type.Optional(
    Type.Enum([...POOLINGS], {
      description: "How an encoder's token vectors become one. Left out: as the folder says, else the mean.",
    }),
  ),
  head: Type.Optional(TeacherHead),
  train: Type.Optional(TeacherTraining),
};

/** Registration of a folder that the server can read. */
export const TeacherInput = Type.Object(
  {
    ...registration,
    path: Type.String({
      minLength: 1,
      maxLength: 4096,
      description: "A folder on the server's disk, below one of its MODEL_ROOTS.",
      examples: ['/models/minilm-l6'],
    }),
  },
  {
    title: 'TeacherInput',
    additionalProperties: false,
    examples: [
      {
        name: 'minilm',
        task: 'assistant',
        path: '/models/minilm-l6',
        head: { dataset: 'ds_1f0c8a5c6f0e4b7d9a3e2c41' },
      },
    ],
  },
);
export type TeacherInput = Static<typeof TeacherInput>;

/** The same, but for files that come with the request. */
export const TeacherFields = Type.Object(registration, { additionalProperties: false });
export type TeacherFields = Static<typeof TeacherFields>;

/** How the multipart form is documented; the parts are read as a stream. */
export const TeacherUpload = Type.Object(
  {
    name: registration.name,
    task: registration.task,
    kind: registration.kind,
    pooling: registration.pooling,
    head: Type.Optional(TeacherHead),
    train: Type.Optional(TeacherTraining),
    files: Type.Array(Type.Unsafe<unknown>({ type: 'string', format: 'binary' }), {
      description:
        'The files of the folder; each file name is the path within it (`onnx/model.onnx`). Fields come first.',
    }),
  },
  { title: 'TeacherUpload' },
);

const Port = Type.Object(
  {
    name: Type.String(),
    type: Type.String({ description: 'ONNX element type.', examples: ['int64'] }),
    shape: Type.Array(Type.Union([Type.Integer(), Type.String(), Type.Null()]), {
      description: 'A number, the name of a dynamic dimension, or null.',
    }),
  },
  { title: 'ModelPort' },
);

export const TeacherManifestBody = Type.Object(
  {
    modelFile: Type.String({ examples: ['onnx/model.onnx'] }),
    files: Type.Array(
      Type.Object({ path: Type.String(), digest: Digest, bytes: Count('Size.') }, { title: 'ModelFile' }),
    ),
    inputs: Type.Array(Port),
    outputs: Type.Array(Port),
    tokenizer: Type.Object({
      type: Type.String({ examples: ['WordPiece'] }),
      vocabulary: Count('Tokens that it knows.'),
      maxLength: Count('Tokens that are read of a text.'),
    }),
    embedding: Type.Optional(
      Type.Object({ output: Type.String(), width: Count('Width of the vector.'), pooling: Type.Enum([...POOLINGS]) }),
    ),
  },
  { title: 'TeacherManifest', description: 'What was found in the folder at registration.' },
);

export const TeacherProgress = Type.Object(
  { done: Type.Number(), total: Type.Number() },
  { title: 'TeacherProgress', additionalProperties: true },
);

export const Teacher = Type.Object(
  {
    id: TeacherId,
    name: Type.String(),
    kind: Type.Enum([...TEACHER_KINDS]),
    status: Type.Enum([...TEACHER_STATUSES], { description: '`training` until an encoder has learned its labels.' }),
    task: Nullable(TaskName),
    head: Nullable(
      Type.Object({ dataset: DatasetId, seed: Type.Integer() }, { description: 'What its head is trained on.' }),
    ),
    train: Nullable(
      Type.Object(
        { dataset: DatasetId, seed: Type.Integer(), ...FineTuneSpec.properties },
        { description: 'What it is fine-tuned on, and how, with every default filled in.' },
      ),
    ),
    digest: Nullable(
      Type.String({ description: 'sha256 over the files that decide its answers; null until it is ready.' }),
    ),
    labels: Type.Array(Label, { maxItems: LIMITS.labels, description: 'In the order of its logits.' }),
    manifest: TeacherManifestBody,
    progress: Nullable(TeacherProgress),
    metrics: Nullable(
      Type.Object({}, { additionalProperties: true, description: 'Measures of the training on its own dataset.' }),
    ),
    error: Nullable(StoredError),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { title: 'Teacher', description: 'A model that answers with soft labels.' },
);
export type TeacherBody = Static<typeof Teacher>;

export const TeacherPage = Page('TeacherPage', Teacher);
