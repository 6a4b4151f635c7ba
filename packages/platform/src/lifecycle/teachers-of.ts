import type { Teacher } from '../generated/prisma/client.js';

/** What a query of a distillation must bring along for {@link teachersOf}. */
export const WITH_TEACHERS = {
  teacher: true,
  furtherTeachers: { orderBy: { position: 'asc' }, include: { teacher: true } },
} as const;

/** A distillation with all of its teachers. */
export interface WithTeachers {
  teacher: Teacher;
  furtherTeachers: { teacher: Teacher }[];
}

/** All teachers of a distillation, in the order that its spec's `ensemble` names them. At least 1. */
export function teachersOf({ teacher, furtherTeachers }: WithTeachers): Teacher[] {
  return [teacher, ...furtherTeachers.map((further) => further.teacher)];
}
