import { fileURLToPath } from 'node:url';
import { RetortError } from '@retort/contracts';
import { FolderArtifactStore } from './folder-store.js';
import type { ArtifactStore } from './store.js';

/** Opens the store that ARTIFACTS_URL names: `file:///folder`. @throws RetortError `RT_INVALID_FIELD` for other schemes. */
export function openArtifactStore(url: string): ArtifactStore {
  if (!url.startsWith('file:')) {
    throw new RetortError('RT_INVALID_FIELD', `ARTIFACTS_URL must be a file:// URL, not ${url.split(':')[0]}:.`);
  }
  return new FolderArtifactStore(fileURLToPath(url));
}
