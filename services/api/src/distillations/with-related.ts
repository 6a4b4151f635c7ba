/** What a query of a distillation must bring along for its body. */
export const WITH_RELATED = {
  model: { select: { id: true } },
  furtherTeachers: { select: { teacherId: true }, orderBy: { position: 'asc' } },
} as const;
