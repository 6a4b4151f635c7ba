import { isDeepStrictEqual } from 'node:util';
import { type AutoSpec, type DistillationSpec, StaticStudent, type StudentSpec } from '@retort/contracts';
import { Value } from 'typebox/value';
import { ENCODER_CLASSIFIER } from '../sections/encoder-classifier.js';
import type { Candidate, ResolveSpec } from './sample-spec.js';
import type { Point } from './search-space.js';

/*
 * Students to choose from: both families, each in steps of a factor of 2 to 4 in size around its default, from what fits a
 * web page to what is still far below a teacher.
 */
const STATIC = {
  characters: [
    { width: 32, buckets: 4096, hidden: 128 },
    { width: 64, buckets: 8192, hidden: 256 },
    { width: 64, buckets: 16_384, hidden: 256 },
    { width: 128, buckets: 32_768, hidden: 512 },
  ],
  teacher: [
    { tokenWidth: 64, width: 16, buckets: 4096, hidden: 256 },
    { tokenWidth: 128, width: 32, buckets: 8192, hidden: 512 },
    { tokenWidth: 256, width: 64, buckets: 16_384, hidden: 1024 },
    { tokenWidth: 384, width: 128, buckets: 32_768, hidden: 2048 },
  ],
} as const;
const ENCODERS = [
  { layers: 1, width: 128 },
  { layers: 2, width: 160 },
  { layers: 2, width: 256 },
  { layers: 4, width: 256 },
] as const;

/** What is tried where a spec lists no candidates. */
export function standardStudents(tokens: AutoSpec['tokens']) {
  return [
    ...STATIC[tokens].map((sizes) => ({ family: 'static' as const, tokens, ...sizes })),
    ...ENCODERS.map((sizes) => ({ family: 'encoder' as const, ...ENCODER_CLASSIFIER, ...sizes })),
  ];
}

/** What stands in `spec.student` while it is to be chosen: the student that a spec without one has. */
export const STAND_IN = Value.Default(StaticStudent, { family: 'static' }) as StaticStudent;

/** The candidates that a spec lists, each with the rest of the spec. */
export function autoCandidates({ auto, ...rest }: DistillationSpec, resolve: ResolveSpec): Candidate[] {
  const listed = auto?.candidates ?? [];
  const students = listed.map(({ student }) => student);
  return listed.map(({ student, training }, index) => ({
    index,
    spec: resolve({ ...rest, student, training }),
    varied: variedOf(student, students),
  }));
}

/** The family, and in what a student differs from others of it. */
function variedOf(student: StudentSpec, students: readonly StudentSpec[]): Point {
  const peers = students.filter(({ family }) => family === student.family) as object[] as Point[];
  const differs = (field: string, value: unknown) => peers.some((peer) => !isDeepStrictEqual(peer[field], value));
  const fields = Object.entries(student).filter(
    ([field, value]) => field === 'family' || (typeof value !== 'object' && differs(field, value)),
  );
  return Object.fromEntries(fields);
}
