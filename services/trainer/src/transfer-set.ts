import { type DistillationSpec, RetortError, type Row } from '@retort/contracts';
import { selectTransferRows } from '@retort/distill';
import { type Claim, findTransferSet, noteLabelled } from '@retort/platform';
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

/**
 * Leaves out the generated rows that the teacher is not sure of, and notes on the distillation what labelling came to.
 *
 * @param rows those of the data set, then the generated ones
 * @param generated how many the latter are
 */
export async function selectRows(
  deps: TrainerDeps,
  claim: Claim,
  {
    spec,
    labels,
    ...labelled
  }: { spec: DistillationSpec; labels: string[]; rows: Row[]; generated: number; teacherLogits: Float32Array },
): Promise<{ rows: Row[]; generated: number; teacherLogits: Float32Array }> {
  const { database } = deps.context;
  const { transferSet } = spec;
  if (transferSet === undefined || labelled.generated === 0) {
    await noteLabelled(database, claim, undefined);
    return labelled;
  }
  const { filtered, ...selected } = selectTransferRows({ ...labelled, labels, spec: transferSet });
  await noteLabelled(database, claim, { filtered, kept: selected.generated });
  return selected;
}
