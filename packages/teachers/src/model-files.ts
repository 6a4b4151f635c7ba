import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ModelFile } from '@retort/contracts';

/** All files below a folder, sorted by path, with their sha256. */
export async function listModelFiles(dir: string): Promise<ModelFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, sep).length).replaceAll(sep, '/'));
  return describeFiles(dir, paths);
}

/** The given files of a folder, sorted by path, with their sha256. */
export async function describeFiles(dir: string, paths: string[]): Promise<ModelFile[]> {
  const files: ModelFile[] = [];
  for (const path of paths.toSorted()) {
    const { size } = await stat(join(dir, path));
    files.push({ path, digest: await sha256Of(join(dir, path)), bytes: size });
  }
  return files;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Whether a file of a model folder decides its answers: the graph, the tokenizer, the labels. */
function decidesAnswers(path: string): boolean {
  return path.endsWith('.onnx') || ['tokenizer.json', 'tokenizer_config.json', 'config.json'].includes(path);
}

/**
 * One digest of a model's answers: sha256 over the sorted lines `path digest` of the files that decide them. Documentation
 * may change without changing it. Soft labels are kept under it.
 */
export function answerDigest(files: readonly ModelFile[]): string {
  const lines = files.filter(({ path }) => decidesAnswers(path)).map(({ path, digest }) => `${path} ${digest}\n`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}
