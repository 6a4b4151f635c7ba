import type { RowCounts } from '../dataset/dataset-shape.js';
import { isSection, type Section } from '../sections/is-section.js';
import { standardStudents } from '../sweep/auto-candidates.js';
import { legalSpec } from '../sweep/sample-spec.js';
import { readsWords, recommendedStudent, type Source, startedEncoder } from './recommended-student.js';
import { recommendedTraining } from './recommended-training.js';
import { resolveSpec } from './resolve-spec.js';

/** A spec that a user wrote, whose sections are known to be sections. */
interface Given extends Section {
  auto: { tokens?: unknown; budget?: unknown; candidates?: { student: Section; training?: Section }[] };
  training?: Section;
}

/**
 * The section `auto` of a spec, with candidates that each have what is recommended where nothing was said: those that the spec lists, or else
 * the standard ones that are legal with the rest of it, whose encoders start from the teacher where it is a BERT.
 */
export function recommendedCandidates({ auto, ...rest }: Given, source: Source, counts: RowCounts): Section {
  const { tokens = readsWords(source) ? 'teacher' : 'characters', candidates: listed } = auto;
  // Where bytes count, the smallest ones are not to grow by words that may never come.
  const small = isSection(auto.budget) && auto.budget.bytes !== undefined ? { unseenTokens: 0 } : {};
  const standard = () =>
    standardStudents(tokens === 'teacher' ? tokens : 'characters').map((student) => ({
      student: {
        ...student,
        ...small,
        ...(student.family === 'encoder' ? startedEncoder(student, source) : undefined),
      },
    }));
  const candidates = (listed ?? standard()).flatMap((candidate): Section[] => {
    const { student } = recommendedStudent({ ...candidate }, source);
    const said = { ...rest.training, ...('training' in candidate ? candidate.training : undefined) };
    const legal = legalSpec({ ...rest, student, training: said }, resolveSpec);
    // What is wrong with one that was listed is said where the whole is checked.
    if (Array.isArray(legal)) return listed ? [{ ...candidate }] : [];
    return [{ student, training: { ...recommendedTraining(legal, counts.rows), ...said } }];
  });
  return { ...auto, tokens, ...(candidates.length > 0 && { candidates }) };
}

export const isAuto = (given: Section): given is Given => isSection(given.auto);
