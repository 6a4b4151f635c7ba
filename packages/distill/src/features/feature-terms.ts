import { type FeatureSpec, RetortError, type StudentSpec } from '@retort/contracts';
import { EMBEDDING_TAP, encoderTextWidth, type FeatureTerm, layerTaps, staticTextWidth } from '@retort/learn';
import type { ExposedFeature, FeatureAxes, FeatureRequest } from '@retort/teachers';
import { DISTANCES } from './feature-problems.js';

/** A feature of the spec with what of the teacher it is made of: indexes into the requests. */
interface PlannedFeature {
  spec: FeatureSpec;
  reads: number[];
}

export interface FeaturePlan {
  features: PlannedFeature[];
  /** What to ask the teacher for; what two features need is asked for once. */
  requests: FeatureRequest[];
}

/** What has to be known of the teacher for a spec's features. */
export function planFeatures(specs: readonly FeatureSpec[]): FeaturePlan {
  const requests = new Map<string, { at: number; request: FeatureRequest }>();
  const features = specs.map((spec) => ({
    spec,
    reads: requestsOf(spec).map((request) => {
      const key = JSON.stringify(request);
      const known = requests.get(key) ?? { at: requests.size, request };
      requests.set(key, known);
      return known.at;
    }),
  }));
  return { features, requests: [...requests.values()].map(({ request }) => request) };
}

function requestsOf({ kind, teacherLayer: layer, teacherTensor }: FeatureSpec): FeatureRequest[] {
  if (teacherTensor !== undefined) {
    const axes: FeatureAxes = kind === 'embedding' ? 'text' : kind === 'attention' ? 'pair' : 'token';
    return [{ kind: 'tensor', name: teacherTensor, axes }];
  }
  switch (kind) {
    case 'embedding':
      return [{ kind }];
    case 'value-relation':
      return [{ kind: 'value', layer }];
    case 'query-key-relation':
      return [
        { kind: 'query', layer },
        { kind: 'key', layer },
      ];
    default:
      return [{ kind, layer }];
  }
}

/** Name of the training graph's input for the teacher's feature of that index. */
export function inputName(request: number): string {
  return `teacher_feature_${request}`;
}

/**
 * The terms of the loss, where the teacher is known.
 *
 * @param exposed by the index of the request
 * @throws RetortError `RT_INVALID_SPEC` where relation heads do not divide the teacher's width
 */
export function featureTerms(
  { features }: FeaturePlan,
  exposed: readonly ExposedFeature[],
  student: StudentSpec,
): FeatureTerm[] {
  return features.map(({ spec, reads }, at) => {
    const teacher = reads.map((read) => ({ name: inputName(read), ...exposed[read] }));
    return termOf(spec, teacher as [TeacherFeature, ...TeacherFeature[]], student, at);
  });
}

type TeacherFeature = ExposedFeature & { name: string };

function termOf(
  spec: FeatureSpec,
  teacher: [TeacherFeature, ...TeacherFeature[]],
  student: StudentSpec,
  at: number,
): FeatureTerm {
  const { kind, weight } = spec;
  const [first, second = first] = teacher;
  const { name, width } = first;
  const distance = spec.distance ?? DISTANCES[kind][0];
  const projection = `features.${at}.projection`;
  const projected = { distance: distance as 'mse' | 'cosine', projection, weight, teacher: { name, width } };
  if (student.family === 'static' || kind === 'embedding') {
    return { ...projected, kind: 'embedding', student: { name: EMBEDDING_TAP, width: embeddingWidth(student) } };
  }
  const taps = layerTaps(spec.studentLayer ?? student.layers - 1);
  if (kind === 'hidden') return { ...projected, kind, student: { name: taps.hidden, width: student.width } };
  if (kind === 'attention') {
    const heads = { student: student.heads, teacher: width };
    return {
      kind,
      weight,
      distance: distance as 'mse' | 'kl',
      student: { name: taps.attention, heads: heads.student },
      teacher: { name, heads: heads.teacher },
    };
  }
  const [left, right] = kind === 'value-relation' ? [taps.value, taps.value] : [taps.query, taps.key];
  return {
    kind: 'relation',
    weight,
    heads: relationHeads(spec, first, student, at),
    student: { left, right, width: student.width },
    teacher: { left: name, right: second.name, width },
  };
}

function embeddingWidth(student: StudentSpec): number {
  return student.family === 'encoder' ? encoderTextWidth(student) : staticTextWidth(student);
}

function relationHeads(
  { relationHeads: asked }: FeatureSpec,
  teacher: TeacherFeature,
  student: { width: number; heads: number },
  at: number,
): number {
  const divides = (heads: number) => teacher.width % heads === 0 && student.width % heads === 0;
  if (asked !== undefined && !divides(asked)) {
    throw new RetortError(
      'RT_INVALID_SPEC',
      `features[${at}].relationHeads (${asked}) must divide the teacher's width (${teacher.width}) and the student's (${student.width}): take another number.`,
    );
  }
  return asked ?? Math.max(1, ...[teacher.heads ?? 1, student.heads].filter(divides));
}
