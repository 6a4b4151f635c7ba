import type { Readable } from 'node:stream';

export interface StoredArtifact {
  /** sha256 of the content: 64 lower-case hex digits. */
  digest: string;
  bytes: number;
}

export interface PutOptions {
  signal?: AbortSignal;
  /** Refuse content longer than this with `RT_TOO_LARGE`, keeping nothing. Default: no limit. */
  maxBytes?: number;
}

export interface ReadOptions {
  /**
   * Hash while reading and fail at the end of the stream if the content is not what the digest says. Default false;
   * whole content only.
   */
  verify?: boolean;
  /** First byte to read. Default 0. */
  start?: number;
  /** The byte to stop before. Default: the end. */
  end?: number;
}

/**
 * Immutable content under its own digest: the same bytes are kept once. Implementations: a folder
 * (`FolderArtifactStore`); the interface holds nothing that an S3-compatible store could not do.
 */
export interface ArtifactStore {
  /** Stores a stream (or bytes) of any size at constant memory. What is visible under a digest is always complete. */
  put(content: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredArtifact>;
  /** Stores a local file. */
  putFile(path: string, options?: PutOptions): Promise<StoredArtifact>;
  /** @throws RetortError `RT_NOT_FOUND`; the stream fails with `RT_INTERNAL` on corrupt content if `verify` is set. */
  read(digest: string, options?: ReadOptions): Promise<Readable>;
  /** Size, or undefined when there is no such artifact. */
  stat(digest: string): Promise<{ bytes: number } | undefined>;
  has(digest: string): Promise<boolean>;
  /** A local file with the content, never to be written to; undefined when the store is not on this machine. */
  path(digest: string): Promise<string | undefined>;
  /** Deletes the artifact if it is there. */
  delete(digest: string): Promise<void>;
  /** Resolves when the store can be written to. */
  ping(): Promise<void>;
}
