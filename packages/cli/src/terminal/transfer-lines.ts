import type { DistillationReport, TeacherQueries } from '@retort/contracts';

const number = (value: number | undefined) => (value ?? 0).toLocaleString('en');

/** What the labelling of a transfer set will cost, before it is begun. */
export function estimateLine({ estimated, upperBound }: TeacherQueries): string {
  return `  The teacher will be asked about ${number(estimated)} times, at most ${number(upperBound)}.`;
}

/** What became of a transfer set, and what it cost. */
export function transferLines({ transferSet, teacherQueries }: DistillationReport): string {
  return [
    `Transfer set: ${number(transferSet?.kept)} texts kept of ${number(transferSet?.generated)} that were generated;`,
    `${number(transferSet?.duplicates)} were duplicates, of ${number(transferSet?.filtered)} the teacher was not sure.`,
    `It was asked ${number(teacherQueries?.made)} times.`,
  ].join(' ');
}
