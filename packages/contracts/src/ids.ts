import { randomBytes } from 'node:crypto';

/** What the platform gives ids to, by the prefix that tells a reader of logs which one it is. */
export const ID_PREFIXES = { teacher: 'tch', distillation: 'dst', model: 'mdl', key: 'key' } as const;

/** A new random id such as `dst_9c41d7be02aa4f6e31c0a5d7`: a prefix and 96 bits in hexadecimal. */
export function newId(of: keyof typeof ID_PREFIXES): string {
  return `${ID_PREFIXES[of]}_${randomBytes(12).toString('hex')}`;
}
