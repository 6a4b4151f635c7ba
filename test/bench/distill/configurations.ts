import { AUGMENTATION_NAMES, type CompressionStepKind, type DistillationSpecInput } from '@retort/contracts';
import { DATA_SETS, type DataName, type TextSource } from './data-sets.ts';

export type Family = 'static' | 'encoder';

/** Where on the results page a configuration stands. */
export type Table = 'teachers' | 'main' | 'ablation' | 'low-data';

/** `fine-tuned`: all of MiniLM trained with the defaults. `head`: a head on the frozen MiniLM. */
type TeacherKind = 'fine-tuned' | 'head';

/** One row of the benchmark: what is trained, whatever the seed. */
export interface Configuration {
  /** Never changed: finished cells are found by it. */
  name: string;
  table: Table;
  data: readonly DataName[];
  teacher: TeacherKind;
  /** A second teacher, whose answers are combined with those of the first. */
  further?: TeacherKind;
  /** What the student is told; absent: only the teacher is measured. The seed is added. */
  spec?: DistillationSpecInput;
  /** Labelled training rows of each class; default: all of them. */
  perClass?: number;
  /** Whether training text without a label is left out. */
  labelledOnly?: boolean;
  /** Other data sets whose training texts the student learns from too, by its teachers' answers alone; its own is passed over. */
  moreText?: readonly TextSource[];
}

/** Of these two there is an ablation and a low-data table. */
const STUDIED = ['clinc150', 'banking77'] as const;
const LABELS_PER_CLASS = [5, 10, 50] as const;

const FAMILIES: readonly Family[] = ['static', 'encoder'];

const FLOAT = { compression: { steps: [] } } satisfies DistillationSpecInput;
/** Distillation as it was first written (Hinton et al. 2015), and nothing else: no text but that of the data. */
const PLAIN_KD = {
  loss: { lambda: 0.1, temperature: 2, labelSmoothing: 0 },
  transferSet: { multiply: 0 },
  ...FLOAT,
} satisfies DistillationSpecInput;
const HARD_LABELS = { loss: { lambda: 1 }, ...FLOAT } satisfies DistillationSpecInput;

/** Pruned, then quantized, where it costs no more than 2 points. */
function compressedBy(...kinds: CompressionStepKind[]) {
  const steps = [...kinds, 'quantize' as const].map((kind) => ({ kind }));
  return { compression: { steps, allowance: { accuracy: 0.02 } } } satisfies DistillationSpecInput;
}
const PRUNED = compressedBy('prune-heads', 'prune-hidden');

/** A spec's sections without its student, which is the family's own. */
type Sections = Omit<DistillationSpecInput, 'student'>;

/** @param student fields of the student; what it reads beside its training text's words is a strategy of its own here */
function studentSpec(family: Family, sections: Sections, student: object = {}): DistillationSpecInput {
  return { ...sections, student: { family, unseenTokens: 0, ...student } };
}

/** The family of a configuration's student; undefined where only the teacher is measured. */
export function familyOf({ spec }: Pick<Configuration, 'spec'>): Family | undefined {
  const { student } = spec ?? {};
  return typeof student === 'object' && (student.family === 'static' || student.family === 'encoder')
    ? student.family
    : undefined;
}

/** Of a MiniLM: as small as MiniLM's speed allows, its first and its last layer to start from. */
const ENCODER = { width: 160, initFrom: { layers: [0, 5] } };
const STUDENTS: Record<Family, object> = { static: {}, encoder: ENCODER };
/** With a layer more, where there is text enough for it. */
const DEEPER: Record<Family, object> = { static: {}, encoder: { ...ENCODER, initFrom: { layers: [0, 2, 5] } } };

/** Tokens of the teacher that the training text has not, as many as are recommended. */
const UNSEEN = { unseenTokens: 6000 };
const reading = (students: Record<Family, object>): Record<Family, object> => ({
  static: { tokens: 'teacher', ...students.static, ...UNSEEN },
  encoder: { ...students.encoder, ...UNSEEN },
});

interface MainOptions extends Partial<Pick<Configuration, 'data' | 'further' | 'moreText'>> {
  /** Fields of the students. */
  students?: Record<Family, object>;
}

/** A row of the main table for every family. */
function main(name: string, sections: Sections, { students = STUDENTS, ...more }: MainOptions = {}): Configuration[] {
  return FAMILIES.map((family) => ({
    name: `${family}/${name}`,
    table: 'main',
    data: DATA_SETS,
    teacher: 'fine-tuned',
    ...more,
    spec: studentSpec(family, sections, students[family]),
  }));
}

/** Those whose texts are requests to an assistant. */
const ASSISTANTS = ['sgd', 'clinc150', 'banking77'] as const;
/** Only what has a label is varied: texts that were written by people are many already. */
const MORE_TEXT = {
  transferSet: { multiply: 4, seed: 1, includeUnlabelled: false },
  training: { epochs: 8 },
} satisfies DistillationSpecInput;

const FOR_THE_TARGET = { data: ['clinc150'], further: 'head', moreText: ASSISTANTS } satisfies MainOptions;

interface AblationOptions {
  /** Default: the static student, which takes the least time. */
  families?: readonly Family[];
  /** Fields of the student, instead of its family's. */
  student?: object;
  /** A second teacher. */
  further?: TeacherKind;
  /** Default: both. */
  data?: readonly DataName[];
}

/** What calibrates teachers needs rows that they have not learned: of the two that are studied one brings such a split. */
const WITH_VALIDATION = ['clinc150'] as const;

/** What the ablation's students have besides: encoders are trained briefly, or their many rows would take days. */
const BRIEFLY: Record<Family, DistillationSpecInput> = { static: {}, encoder: { training: { epochs: 5 } } };

/** What a strategy is added to. Of the static student it stands in the main table. */
export const ABLATION_BASE: Record<Family, string> = { static: 'static/plain-kd', encoder: 'encoder/kd' };

/** Plain distillation with one strategy more. */
function ablation(
  name: string,
  sections: Sections,
  { families = ['static'], student, further, data = STUDIED }: AblationOptions = {},
): Configuration[] {
  return families.map((family) => ({
    name: `${family}/kd+${name}`,
    table: 'ablation',
    data,
    teacher: 'fine-tuned',
    ...(further && { further }),
    spec: studentSpec(
      family,
      { ...PLAIN_KD, ...BRIEFLY[family], ...sections, loss: { ...PLAIN_KD.loss, ...sections.loss } },
      student ?? STUDENTS[family],
    ),
  }));
}

function lowData(perClass: number): Configuration[] {
  const common = { table: 'low-data', data: STUDIED, teacher: 'fine-tuned', perClass } as const;
  return [
    { ...common, name: `labels-${perClass}/teacher` },
    { ...common, name: `labels-${perClass}/static/distilled`, spec: studentSpec('static', {}) },
    {
      ...common,
      name: `labels-${perClass}/static/hard-labels`,
      spec: studentSpec('static', HARD_LABELS),
      labelledOnly: true,
    },
  ];
}

/** All rows of the benchmark, in the order of their tables. */
export const CONFIGURATIONS: readonly Configuration[] = [
  { name: 'teacher', table: 'teachers', data: DATA_SETS, teacher: 'fine-tuned' },
  { name: 'teacher/head', table: 'teachers', data: DATA_SETS, teacher: 'head' },

  ...main('hard-labels', HARD_LABELS),
  ...main('plain-kd', PLAIN_KD),
  // The defaults of when these cells were run: without unseen words.
  ...main('everything', {}),
  // The defaults, with nothing said.
  ...main('unseen-words', {}, { students: reading(STUDENTS) }),
  ...main('two-teachers', {}, { further: 'head' }),
  // On the data set whose target the encoders miss otherwise.
  ...main('more-text', MORE_TEXT, { ...FOR_THE_TARGET, students: DEEPER }),
  ...main('more-text+unseen-words', MORE_TEXT, { ...FOR_THE_TARGET, students: reading(DEEPER) }),
  {
    name: 'static/characters',
    table: 'main',
    data: DATA_SETS,
    teacher: 'fine-tuned',
    spec: studentSpec('static', {}, { tokens: 'characters', maxGram: 5 }),
  },

  {
    name: ABLATION_BASE.encoder,
    table: 'ablation',
    data: STUDIED,
    teacher: 'fine-tuned',
    spec: studentSpec('encoder', { ...PLAIN_KD, ...BRIEFLY.encoder }, ENCODER),
  },
  ...ablation('half-hard', { loss: { lambda: 0.5 } }, { families: FAMILIES }),
  ...ablation('temperature-1', { loss: { temperature: 1 } }),
  ...ablation('temperature-4', { loss: { temperature: 4 } }),
  ...ablation('label-smoothing', { loss: { labelSmoothing: 0.1 } }),
  ...ablation('reverse-kl', { loss: { divergence: 'reverse-kl' } }),
  ...ablation('jensen-shannon', { loss: { divergence: 'jensen-shannon' } }),
  ...ablation('dkd', { loss: { divergence: 'dkd' } }),
  ...ablation('dist', { loss: { divergence: 'dist' } }),
  ...ablation('logit-mse', { loss: { divergence: 'logit-mse' } }),
  ...ablation('staged', {
    loss: { schedule: { interpolation: 'linear', stages: [{ until: 1, lambda: 0.5, temperature: 1 }] } },
  }),
  ...ablation('calibration', { softLabels: { calibrate: true } }, { data: WITH_VALIDATION }),
  ...ablation('sharpening', { softLabels: { sharpen: 2 } }),
  ...ablation('correction', { softLabels: { correct: 0.5 } }),
  ...ablation('top-k', { softLabels: { topK: 5 } }),
  ...ablation('confidence-weights', { softLabels: { weighting: 'max-probability' } }),
  ...ablation('curriculum', { curriculum: { by: 'margin' } }),
  ...ablation('mixup', { training: { mixup: 0.4 } }),
  ...ablation('average', { training: { averageDecay: 0.99 } }),
  ...ablation('int8', { compression: { steps: [{ kind: 'quantize' }] } }, { families: FAMILIES }),
  ...ablation('transfer-x2', { transferSet: { multiply: 2, seed: 1 } }, { families: FAMILIES }),
  ...ablation('transfer-x8', { transferSet: { multiply: 8, seed: 1 } }),
  ...ablation('transfer-labels', { transferSet: { multiply: 2, seed: 1, keepLabels: true } }),
  ...AUGMENTATION_NAMES.flatMap((name) =>
    ablation(`transfer-${name}`, { transferSet: { multiply: 2, seed: 1, strategies: [name] } }),
  ),
  ...ablation('ensemble', { ensemble: {} }, { further: 'head' }),
  ...ablation('ensemble-logits', { ensemble: { combine: 'logits' } }, { further: 'head' }),
  ...ablation('ensemble-confidence', { ensemble: { weighting: { by: 'confidence' } } }, { further: 'head' }),
  ...ablation(
    'ensemble-skill',
    { ensemble: { weighting: { by: 'skill' } } },
    { further: 'head', data: WITH_VALIDATION },
  ),
  ...FAMILIES.flatMap((family) =>
    ablation('unseen-words', {}, { families: [family], student: reading(STUDENTS)[family] }),
  ),
  ...ablation('embedding', { features: [{ kind: 'embedding' }] }, { families: FAMILIES }),
  ...ablation('hidden-states', { features: [{ kind: 'hidden' }] }, { families: ['encoder'] }),
  ...ablation('attention', { features: [{ kind: 'attention' }] }, { families: ['encoder'] }),
  ...ablation('value-relations', { features: [{ kind: 'value-relation' }] }, { families: ['encoder'] }),
  ...ablation('query-key-relations', { features: [{ kind: 'query-key-relation' }] }, { families: ['encoder'] }),
  ...ablation('plain-classifier', {}, { families: ['encoder'], student: { ...ENCODER, pooling: 'mean', hidden: 0 } }),
  ...ablation('new-weights', {}, { families: ['encoder'], student: { layers: 2, width: 160 } }),
  ...ablation('prune-a-quarter', PRUNED, { families: ['encoder'] }),
  ...ablation('prune-magnitude', compressedBy('prune-magnitude'), { families: ['encoder'] }),
  ...ablation('prune-vocabulary', compressedBy('prune-vocabulary'), { families: ['encoder'] }),
  ...ablation(
    'growth',
    {
      progressive: {
        growth: {
          stages: [
            { layers: 1, share: 0.3 },
            { layers: 2, share: 0.7 },
          ],
        },
      },
    },
    { families: ['encoder'] },
  ),
  ...ablation(
    'assistant',
    { progressive: { assistants: [{ student: { family: 'encoder', ...ENCODER, width: 256 } }] } },
    { families: ['encoder'] },
  ),

  ...LABELS_PER_CLASS.flatMap(lowData),
];

/** @throws Error where there is no such configuration */
export function findConfiguration(name: string): Configuration {
  const found = CONFIGURATIONS.find((configuration) => configuration.name === name);
  if (found) return found;
  throw new Error(`There is no configuration "${name}".`);
}

/** Which configurations are run on a data set. */
export const isOn =
  (data: DataName) =>
  ({ data: own }: Configuration) =>
    own.includes(data);
