import { type Static, Type } from 'typebox';

/** The `static` student: an embedding bag over n-grams that are hashed inside the graph, of characters or of the teacher's tokens. */
export const StaticStudent = Type.Object(
  {
    family: Type.Literal('static'),
    tokens: Type.Enum(['characters', 'teacher'], {
      default: 'characters',
      description:
        'What n-grams are made of: characters, or the tokens of a teacher with a WordPiece or Unigram tokenizer, trimmed to the data.',
    }),
    tokenWidth: Type.Integer({
      minimum: 0,
      maximum: 1024,
      default: 0,
      description:
        "Width of a table of the tokens by themselves, beside the n-grams; 0 for none. Of a teacher's tokens the default is 256, and the rows start as the principal components of its own embeddings.",
    }),
    unseenTokens: Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description:
        "How many tokens of the teacher's vocabulary, the first that the training text has not, the student reads too. Needs a table of its tokens. Their rows are mapped from the teacher's once it is trained. Each is a row of the table of tokens. None are added where the teacher has no float32 table of its tokens, or the student's cannot be told from it.",
    }),
    width: Type.Integer({ minimum: 8, maximum: 1024, default: 64, description: 'Embedding width per n-gram order.' }),
    buckets: Type.Integer({
      minimum: 256,
      maximum: 1_048_576,
      default: 16_384,
      description: 'Rows of the hashed n-gram table (the bytes on disk are about 4 · width · buckets).',
    }),
    minGram: Type.Integer({
      minimum: 1,
      maximum: 8,
      default: 2,
      description: 'Shortest n-gram. Of a teacher’s tokens the default is 2.',
    }),
    maxGram: Type.Integer({
      minimum: 1,
      maximum: 8,
      default: 5,
      description: 'Longest n-gram. Of a teacher’s tokens the default is 2.',
    }),
    hidden: Type.Integer({
      minimum: 0,
      maximum: 4096,
      default: 256,
      description: 'Width of the hidden layer; 0 for none. Of a teacher’s tokens the default is 1024.',
    }),
    maxLength: Type.Integer({
      minimum: 8,
      maximum: 2048,
      default: 256,
      description: 'Tokens read of a text. Of a teacher’s tokens the default is 128.',
    }),
  },
  { title: 'StaticStudent', additionalProperties: false },
);

/** Where an encoder student starts from instead of new weights: the teacher, if that is BERT-shaped. */
export const InitFrom = Type.Object(
  {
    layers: Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), {
      minItems: 1,
      maxItems: 24,
      description:
        'Layers of the teacher, counted from 0, that the student’s layers start as, one for each. The embeddings come with them. A narrower student starts from their projection.',
    }),
  },
  { additionalProperties: false },
);

/**
 * The `encoder` student: a BERT-shaped transformer (post-LayerNorm, learned positions, exact GELU) over the teacher's tokens. Where the
 * spec names no `training.learningRate`, it is 0.001.
 */
export const EncoderStudent = Type.Object(
  {
    family: Type.Literal('encoder'),
    layers: Type.Integer({ minimum: 1, maximum: 24, default: 4, description: 'Transformer layers.' }),
    width: Type.Integer({ minimum: 16, maximum: 1024, default: 256, description: 'Width of the hidden states.' }),
    heads: Type.Integer({
      minimum: 1,
      maximum: 64,
      description:
        'Attention heads; must divide the width. Default: heads of width 32, or the next wider that divide it.',
    }),
    intermediate: Type.Integer({
      minimum: 16,
      maximum: 4096,
      description: 'Width inside the feed-forward layers. Default: 4 · width.',
    }),
    maxLength: Type.Integer({
      minimum: 8,
      maximum: 512,
      default: 128,
      description: 'Tokens read of a text, special tokens included; each has a learned position.',
    }),
    dropout: Type.Number({
      minimum: 0,
      maximum: 0.9,
      default: 0.1,
      description: 'Share of activations zeroed while training, where BERT does it; 0 for none.',
    }),
    pooling: Type.Enum(['mean', 'cls', 'mean-and-words'], {
      default: 'mean',
      description:
        'What is classified: the mean of the last hidden states, that of the first token, or their mean beside the mean of the words’ embeddings.',
    }),
    hidden: Type.Integer({
      minimum: 0,
      maximum: 4096,
      default: 0,
      description: 'Width of a hidden layer between the text’s vector and the logits; 0 for none.',
    }),
    unseenTokens: Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description:
        "How many tokens of the teacher's vocabulary, the first that the training text has not, the student reads too. Their rows are mapped from the teacher's once it is trained. Each is a row of the table of tokens. None are added where the teacher has no float32 table of its tokens, or the student's cannot be told from it.",
    }),
    initFrom: Type.Optional(InitFrom),
  },
  {
    title: 'EncoderStudent',
    description: 'A small BERT. Its default training.learningRate is 0.001.',
    additionalProperties: false,
  },
);

/** What is trained to answer in the teacher's place, by family. */
export const StudentSpec = Type.Union([StaticStudent, EncoderStudent]);

/** What a user writes: only another family than `static` must be named. */
export const StudentSpecInput = Type.Union([
  Type.Partial(StaticStudent, { title: 'StaticStudentInput', additionalProperties: false }),
  Type.Object(
    {
      ...Type.Partial(EncoderStudent).properties,
      family: EncoderStudent.properties.family,
    },
    {
      title: 'EncoderStudentInput',
      description: 'A small BERT. Its default training.learningRate is 0.001.',
      additionalProperties: false,
    },
  ),
]);

export type StaticStudent = Static<typeof StaticStudent>;
export type EncoderStudent = Static<typeof EncoderStudent>;
export type StudentSpec = Static<typeof StudentSpec>;

/** What the graph of a student is made of: the rest of its spec is of its tokens. */
export type StaticShape = Omit<StaticStudent, 'unseenTokens'>;
export type EncoderShape = Omit<EncoderStudent, 'unseenTokens'>;
