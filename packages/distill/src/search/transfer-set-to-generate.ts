import type { DistillationSpec, TransferSetSpec } from '@retort/contracts';
import { planSearch } from './search-plan.js';

/**
 * The transfer set whose texts are generated and labelled for a spec, once for all trials of its search: that of the candidate with the
 * greatest `multiply`, of whose rounds the others take the first. Of a spec that asks for no search, its own. Nothing else that decides
 * the texts differs between candidates (see `spaceProblems`).
 *
 * @returns undefined where nothing is to be generated
 */
export function transferSetToGenerate(spec: DistillationSpec): TransferSetSpec | undefined {
  const candidates = planSearch(spec)?.candidates ?? [{ spec }];
  return candidates
    .map(({ spec: { transferSet } }) => transferSet)
    .filter((set) => set !== undefined)
    .reduce<TransferSetSpec | undefined>(
      (most, set) => (set.multiply > (most?.multiply ?? -1) ? set : most),
      undefined,
    );
}
