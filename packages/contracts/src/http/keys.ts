import { type Static, Type } from 'typebox';
import { SCOPES } from '../scopes.js';
import { KeyId, Nullable, Page, Timestamp } from './common.js';

export const KeyParams = Type.Object({ key: KeyId }, { additionalProperties: false });

const Name = Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\p{Cc}]+$', examples: ['support-agent'] });
const Scopes = Type.Array(Type.Enum([...SCOPES]), {
  minItems: 1,
  uniqueItems: true,
  description:
    '`infer` asks models; `submit` also brings data, teachers and jobs, and reads everything; `admin` may do all.',
  examples: [['infer']],
});

export const KeyInput = Type.Object(
  { name: Name, scopes: Scopes },
  { title: 'ApiKeyInput', additionalProperties: false, examples: [{ name: 'support-agent', scopes: ['infer'] }] },
);
export type KeyInput = Static<typeof KeyInput>;

const key = {
  id: KeyId,
  name: Name,
  scopes: Scopes,
  createdAt: Timestamp,
  lastUsedAt: Nullable(Timestamp),
  revokedAt: Nullable(Timestamp),
};
export const Key = Type.Object(key, { title: 'ApiKey' });
export type KeyBody = Static<typeof Key>;

export const NewKey = Type.Object(
  { ...key, key: Type.String({ description: 'The key itself. It is shown this once and kept only as a hash.' }) },
  { title: 'NewApiKey' },
);

export const KeyPage = Page('ApiKeyPage', Key);
