import type { DistillationSpec } from '@retort/contracts';
import { isSection, type Section } from '../sections/is-section.js';
import { standardStudents } from './auto-candidates.js';
import { withAutoSection } from './auto-section.js';

interface Resolving {
  /** Gives a spec its defaults. */
  fill(spec: unknown): DistillationSpec;
  /** Whether a spec that has its defaults is legal. */
  isLegal(spec: unknown): boolean;
}

/**
 * Completes the section `auto` of a spec that a user wrote. What a candidate leaves out of its training is as in the whole spec, and what
 * that leaves out as is the default of the candidate's family. Where no candidates are listed, the standard ones are, but for those that the rest
 * of the spec makes illegal (too much memory for its batches, for example). Wrong fields are left to the schema's check.
 */
export function withAutoDefaults(input: unknown, { fill, isLegal }: Resolving): unknown {
  if (!isSection(input)) return input;
  const given = withAutoSection(input);
  const { auto, student: _, sweep: __, ...rest } = given;
  if (!isSection(auto)) return given;
  const complete = (candidate: unknown) => candidateOf(candidate, rest.training ?? {}, fill);
  return { ...given, auto: { ...auto, candidates: candidates() } };

  function candidates(): unknown {
    const { candidates: listed, tokens } = auto as Section;
    if (Array.isArray(listed)) return listed.map(complete);
    if (listed !== undefined) return listed;
    const standard = standardStudents(tokens === 'teacher' ? tokens : 'characters').map((student) =>
      complete({ student }),
    );
    const whole = fill(rest);
    const legal = standard.filter((candidate) => isLegal({ ...whole, ...(candidate as Section) }));
    // Where none is, what is wrong with each is told.
    return legal.length > 0 ? legal : standard;
  }
}

function candidateOf(candidate: unknown, whole: unknown, fill: Resolving['fill']): unknown {
  if (!isSection(candidate)) return candidate;
  const { student, training: own = {}, ...others } = candidate;
  if (![student, own, whole].every(isSection)) return candidate;
  const filled = fill({ student, training: { ...(whole as Section), ...(own as Section) } });
  return { ...others, student: filled.student, training: filled.training };
}
