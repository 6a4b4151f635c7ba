/** What a query of a distillation must bring along for its body. */
export const WITH_RELATED = {
  models: { select: { id: true, taskName: true } },
  furtherTasks: {
    select: { taskName: true, datasetId: true, teacherId: true, metrics: true },
    orderBy: { position: 'asc' },
  },
  furtherTeachers: { select: { teacherId: true }, orderBy: { position: 'asc' } },
} as const;
