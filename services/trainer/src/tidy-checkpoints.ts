import type { TrainerDeps } from './deps.js';

/**
 * Removes the checkpoints of distillations and teachers whose training is over, also of those that ended elsewhere. Where that fails
 * it is logged and no more: they only take up room until the next time.
 */
export async function tidyCheckpoints(deps: TrainerDeps): Promise<void> {
  await tidy(deps).catch((error) => deps.context.logger.warn({ err: error }, 'checkpoints not tidied'));
}

async function tidy({ context, scratch }: TrainerDeps): Promise<void> {
  const { prisma } = context.database;
  const ids = await scratch.checkpointed();
  if (ids.length === 0) return;
  const [distillations, teachers] = await Promise.all([
    prisma.distillation.findMany({
      where: { id: { in: ids }, status: { in: ['queued', 'running'] } },
      select: { id: true },
    }),
    prisma.teacher.findMany({ where: { id: { in: ids }, status: 'training' }, select: { id: true } }),
  ]);
  const kept = new Set([...distillations, ...teachers].map(({ id }) => id));
  await Promise.all(ids.filter((id) => !kept.has(id)).map((id) => scratch.removeCheckpoint(id)));
}
