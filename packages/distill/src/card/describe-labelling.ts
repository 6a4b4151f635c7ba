import type { StudentMetrics } from '@retort/contracts';

const number = (value = 0) => value.toLocaleString('en');

/** What became of the generated texts; empty without a transfer set. */
export function describeTransferSet({ transferSet }: Pick<StudentMetrics, 'transferSet'>): string {
  if (transferSet === undefined) return '';
  const { kept, generated, sources, duplicates, filtered, unlabelled, repeated = 0 } = transferSet;
  return [
    `${number(kept)} of ${number(generated)} generated texts kept`,
    `${number(duplicates)} were duplicates`,
    `of ${number(filtered)} the teacher was not sure`,
    `made of ${number(sources)} training texts`,
    `${number(unlabelled)} training texts had no label`,
    ...(repeated > 0 ? [`${number(repeated)} of them repeated others and were left out`] : []),
  ].join(', ');
}

/** How often the teacher was asked; empty where that is not known. */
export function describeQueries({ teacherQueries }: Pick<StudentMetrics, 'teacherQueries'>): string {
  if (teacherQueries?.made === undefined) return '';
  return `${number(teacherQueries.made)} asked, ${number(teacherQueries.cached)} answers from the cache`;
}
