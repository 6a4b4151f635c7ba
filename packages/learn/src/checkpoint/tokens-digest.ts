import { bytesOf, sha256 } from './sha256.js';

/**
 * The `digest` of examples whose inputs are texts as token ids.
 *
 * @param texts ids of each text, in the order of the rows
 * @param padId what shorter texts of a batch are padded with
 */
export function tokensDigest(texts: readonly Int32Array[], padId: number): string {
  return sha256([`${padId}`, ...texts.map(bytesOf)]);
}
