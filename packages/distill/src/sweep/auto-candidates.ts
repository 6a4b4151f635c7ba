import { type AutoSpec, type DistillationSpec, RetortError, StaticStudent } from '@retort/contracts';
import { Value } from 'typebox/value';
import { ENCODER_CLASSIFIER } from '../encoder-classifier.js';
import { type Candidate, legalSpec, type ResolveSpec } from './sample-spec.js';

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
  { layers: 2, width: 128 },
  { layers: 2, width: 256 },
  { layers: 4, width: 256 },
] as const;

function studentsFor(tokens: AutoSpec['tokens']) {
  return [
    ...STATIC[tokens].map((sizes) => ({ family: 'static', tokens, ...sizes })),
    ...ENCODERS.map((sizes) => ({ family: 'encoder', ...ENCODER_CLASSIFIER, ...sizes })),
  ];
}

/** What stands in `spec.student` while it is to be chosen: the student that a spec without one has. */
export const STAND_IN = Value.Default(StaticStudent, { family: 'static' }) as StaticStudent;

/**
 * The candidates of `student: "auto"`, each with the rest of the spec. A learning rate that is the default of the stand-in becomes
 * that of the candidate's own family. Candidates that the rest of the spec makes illegal (too much memory for its batches, for
 * example) are left out.
 *
 * @throws RetortError `RT_INVALID_SPEC` where none is legal
 */
export function autoCandidates(spec: DistillationSpec, resolve: ResolveSpec): Candidate[] {
  const { auto, student: _, training, ...rest } = spec;
  const { learningRate, ...others } = training;
  const standard = resolve({}).training.learningRate;
  const base = { ...rest, training: learningRate === standard ? others : { ...others, learningRate } };
  const problems = new Map<string, string>();
  const candidates = studentsFor(auto?.tokens ?? 'characters').flatMap((student, index): Candidate[] => {
    const legal = legalSpec({ ...base, student }, resolve);
    if (!Array.isArray(legal)) return [{ index, spec: legal, varied: student }];
    for (const { path, message } of legal) problems.set(path, message);
    return [];
  });
  if (candidates.length > 0) return candidates;
  const list = [...problems].map(([path, message]) => ({ path, message }));
  throw new RetortError('RT_INVALID_SPEC', 'No student of "auto" is legal with the rest of the spec.', {
    problems: list,
  });
}
