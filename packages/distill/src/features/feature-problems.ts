import type {
  DistillationSpec,
  FeatureDistance,
  FeatureKind,
  FeatureSpec,
  FieldProblem,
  TeacherManifest,
} from '@retort/contracts';
import { activationBytes, MOST_ACTIVATION_BYTES } from '@retort/learn';
import { WORD_TOKENIZERS } from '@retort/teachers';

/** What each kind may be measured by; the first is its default. */
export const DISTANCES: Record<FeatureKind, readonly [FeatureDistance, ...FeatureDistance[]]> = {
  hidden: ['mse', 'cosine'],
  attention: ['kl', 'mse'],
  'value-relation': ['kl'],
  'query-key-relation': ['kl'],
  embedding: ['cosine', 'mse'],
};

/** Fields that a kind has no use for. */
const UNUSED: Record<FeatureKind, readonly (keyof FeatureSpec)[]> = {
  hidden: ['relationHeads'],
  attention: ['relationHeads'],
  'value-relation': [],
  // Two values of the teacher make it, so that one name would not do.
  'query-key-relation': ['teacherTensor'],
  embedding: ['teacherLayer', 'studentLayer', 'relationHeads'],
};

/** Width of a teacher that nothing is known of yet, when memory is estimated: that of the largest BERT. */
const TEACHER_WIDTH = 1024;
const FLOAT_BYTES = 4;

/**
 * What is wrong with a spec's features by themselves and with its student. Whether the teacher has what they name shows when it is opened.
 */
export function featureProblems({ student, training, features = [] }: DistillationSpec): FieldProblem[] {
  const problems = features.flatMap((feature, at) => {
    const { kind } = feature;
    const found: FieldProblem[] = [];
    const problem = (field: keyof FeatureSpec, message: string) =>
      found.push({ path: `/features/${at}/${field}`, message });
    if (kind !== 'embedding' && student.family === 'static') {
      problem(
        'kind',
        `cannot be ${kind} with a static student, which reads other tokens than its teacher and has no layers: take embedding, or an encoder student`,
      );
    }
    for (const field of UNUSED[kind]) {
      if (feature[field] !== undefined) problem(field, `is of no use with ${kind}: leave it out`);
    }
    if (feature.teacherLayer !== undefined && feature.teacherTensor !== undefined) {
      problem('teacherTensor', 'cannot be named together with teacherLayer: leave one out');
    }
    if (feature.distance !== undefined && !DISTANCES[kind].includes(feature.distance)) {
      problem('distance', `must be ${DISTANCES[kind].join(' or ')} with ${kind}, got ${feature.distance}`);
    }
    if (student.family === 'encoder') {
      const { studentLayer, relationHeads } = feature;
      if (studentLayer !== undefined && studentLayer >= student.layers) {
        problem('studentLayer', `must be below the student's layers (${student.layers}), got ${studentLayer}`);
      }
      if (relationHeads !== undefined && student.width % relationHeads !== 0) {
        problem('relationHeads', `must divide the student's width (${student.width}), got ${relationHeads}`);
      }
    }
    return found;
  });
  if (student.family !== 'encoder' || features.length === 0) return problems;
  const own = features.reduce((sum, feature) => sum + stepBytes(feature, student.maxLength), 0) * training.batchSize;
  if (activationBytes(student, training.batchSize) + own > MOST_ACTIVATION_BYTES) {
    const [needed, most] = [own, MOST_ACTIVATION_BYTES].map((bytes) => (bytes / 2 ** 30).toFixed(1));
    problems.push({
      path: '/features',
      message: `may need ${needed} GiB in a training step, beside the student's own, and ${most} GiB are allowed for both: name fewer, or lower relationHeads, training.batchSize or student.maxLength`,
    });
  }
  return problems;
}

/** Estimate of the bytes of one text of a term in a training step: about eight arrays of its size, forward and backward. */
function stepBytes({ kind, relationHeads = 16 }: FeatureSpec, tokens: number): number {
  if (kind === 'embedding') return 0;
  const numbers = kind === 'hidden' ? tokens * TEACHER_WIDTH : relationHeads * tokens ** 2;
  return 8 * FLOAT_BYTES * numbers;
}

/** What is known of the tokens of a teacher whose features are compared. */
export interface FeatureTokens {
  /** `type` of its tokenizer, as its manifest has it. */
  type: string;
  /** Most of a text that it reads; absent where that is not looked at. */
  maxLength?: number;
}

/**
 * What is wrong with a spec's features for the teacher of a submission, as far as its manifest tells. The graph itself is looked at when
 * training opens it.
 *
 * @returns problems whose paths point into the submission (`/spec/features/…`)
 */
export function featureTeacherProblems(
  { student, features = [] }: DistillationSpec,
  { type, maxLength = Number.POSITIVE_INFINITY }: FeatureTokens,
): FieldProblem[] {
  const ofTokens = features.findIndex(({ kind }) => kind !== 'embedding');
  if (ofTokens < 0) return [];
  if (!WORD_TOKENIZERS.includes(type)) {
    return [
      {
        path: `/spec/features/${ofTokens}/kind`,
        message: `must be embedding with this teacher: its tokenizer is ${type}, and only with ${WORD_TOKENIZERS.join(' or ')} does a student read the same tokens`,
      },
    ];
  }
  if (student.maxLength <= maxLength) return [];
  return [
    {
      path: '/spec/student/maxLength',
      message: `must be at most ${maxLength}, which is what the teacher reads of a text, to compare features of its tokens; got ${student.maxLength}`,
    },
  ];
}

/**
 * What is wrong with the layers of a teacher that a spec's features name, and with heads that its width is to be cut into.
 *
 * @param bert its shape; null or absent where it is not known: then the graph is looked at when training opens it
 * @returns problems whose paths point into the submission (`/spec/features/…`)
 */
export function featureLayerProblems(
  { features = [] }: Pick<DistillationSpec, 'features'>,
  bert: TeacherManifest['bert'],
): FieldProblem[] {
  if (!bert) return [];
  return features.flatMap(({ teacherLayer, teacherTensor, relationHeads }, at) => {
    const found: FieldProblem[] = [];
    if (teacherLayer !== undefined && teacherLayer >= bert.layers) {
      const message = `must be below the teacher's layers (${bert.layers}), got ${teacherLayer}`;
      found.push({ path: `/spec/features/${at}/teacherLayer`, message });
    }
    if (relationHeads !== undefined && teacherTensor === undefined && bert.width % relationHeads !== 0) {
      const message = `must divide the teacher's width (${bert.width}), got ${relationHeads}`;
      found.push({ path: `/spec/features/${at}/relationHeads`, message });
    }
    return found;
  });
}
