import { posix } from 'node:path';

/** A circle of folders that import each other, with one import for each side of it. */
export interface FolderCircle {
  /** In the order of the imports; the last imports the first. */
  folders: string[];
  /** `from -> to`, files relative to the root, one for each step. */
  imports: string[];
}

/**
 * Finds a circle of imports between the folders right under a root; files beside them count as folders of their own, what lies deeper as
 * part of its folder.
 *
 * @param sources text of each file, by its path relative to the root
 * @returns undefined where the imports run one way
 */
export function findFolderCircle(sources: ReadonlyMap<string, string>): FolderCircle | undefined {
  const edges = new Map<string, Map<string, string>>();
  for (const [path, source] of sources) {
    const from = folderOf(path);
    const targets = edges.get(from) ?? new Map<string, string>();
    edges.set(from, targets);
    for (const [, specifier] of source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
      const to = folderOf(target);
      if (to !== from && !targets.has(to)) targets.set(to, `${path} -> ${target}`);
    }
  }
  const done = new Set<string>();
  const visit = (folder: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(folder)) return trail.slice(trail.indexOf(folder));
    if (done.has(folder)) return undefined;
    for (const to of edges.get(folder)?.keys() ?? []) {
      const circle = visit(to, [...trail, folder]);
      if (circle) return circle;
    }
    done.add(folder);
    return undefined;
  };
  for (const folder of edges.keys()) {
    const folders = visit(folder, []);
    if (folders === undefined) continue;
    const imports = folders.map((from, i) => edges.get(from)?.get(folders[(i + 1) % folders.length]) ?? '');
    return { folders, imports };
  }
  return undefined;
}

function folderOf(path: string): string {
  return path.split('/')[0];
}
