import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { link, readFile, rm, writeFile } from 'node:fs/promises';

interface Owner {
  pid: number;
  /** Tells the process from a later one with the same id. */
  started: string;
}

/**
 * Takes the lock file at `path` for this process; a lock whose process is gone is taken over.
 *
 * @returns how to release it, or the id of the living process that holds it.
 */
export async function takeProcessLock(path: string): Promise<{ release(): Promise<void> } | { heldBy: number }> {
  const own: Owner = { pid: process.pid, started: processStart(process.pid) ?? '' };
  // Written elsewhere and linked into place, so that nobody ever reads half a lock.
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (;;) {
      try {
        await link(draft, path);
        return { release: () => rm(path, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const owner = await lockOwner(path);
      if (owner !== undefined) return { heldBy: owner };
      await rm(path, { force: true });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Id of the living process that holds the lock file; undefined when there is no lock or its process is gone. */
export async function lockOwner(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    const { pid, started } = JSON.parse(text) as Owner;
    return processStart(pid) === started ? pid : undefined;
  } catch {
    return undefined; // Not a lock of ours, or removed meanwhile.
  }
}

/** When a process started, in the system's own words; undefined when there is no such process. */
export function processStart(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // proc(5): field 22, counted after the command name, which stands in parentheses and may hold anything.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}
