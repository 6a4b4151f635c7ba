import { type DistillationSpec, RetortError } from '@retort/contracts';
import { type TrainFromTeachersOptions, transferSetToGenerate } from '@retort/distill';
import { findTransferSet } from '@retort/platform';
import type { TrainerDeps } from './deps.js';

/** The rows that the labelers generated for a distillation, in rounds; none where its spec has no transfer set. */
export async function readTransferRows(
  deps: TrainerDeps,
  id: string,
  spec: DistillationSpec,
  signal: AbortSignal,
): Promise<Pick<TrainFromTeachersOptions, 'rows' | 'rounds'>> {
  if ((transferSetToGenerate(spec)?.multiply ?? 0) === 0) return { rows: [] };
  const set = await findTransferSet(deps.context.database, id);
  // A data set without one source has no shard for generated rows either.
  if (set === undefined) return { rows: [] };
  const rows = await deps.rows.read(set.digest, 0, set.rows, signal);
  if (rows.length === set.rows) return { rows, rounds: set.rounds };
  throw new RetortError('RT_INTERNAL', `The transfer set ${set.digest} has ${rows.length} rows, not ${set.rows}.`);
}
