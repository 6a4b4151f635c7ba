import { type DistillationSpec, RetortError, type Row } from '@retort/contracts';
import { findTransferSet } from '@retort/platform';
import type { TrainerDeps } from './deps.js';

/** The rows that the labelers generated for a distillation; none where its spec has no transfer set. */
export async function readTransferRows(
  deps: TrainerDeps,
  id: string,
  spec: DistillationSpec,
  signal: AbortSignal,
): Promise<Row[]> {
  if (spec.transferSet === undefined || spec.transferSet.multiply === 0) return [];
  const set = await findTransferSet(deps.context.database, id);
  // A data set without one source has no shard for generated rows either.
  if (set === undefined) return [];
  const rows = await deps.rows.read(set.digest, 0, set.rows, signal);
  if (rows.length === set.rows) return rows;
  throw new RetortError('RT_INTERNAL', `The transfer set ${set.digest} has ${rows.length} rows, not ${set.rows}.`);
}
