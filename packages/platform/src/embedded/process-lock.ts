import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Owner {
  pid: number;
  /** Tells the process from a later one with the same id. */
  started: string;
}

/** Between two looks while another process takes over, in milliseconds; spread, so that two do not stay in step. */
const RETRY_MS = 20;

/**
 * Takes the lock file at `path` for this process; a lock whose process is gone is taken over.
 *
 * @returns how to release it, or the id of the living process that holds it.
 */
export async function takeProcessLock(path: string): Promise<{ release(): Promise<void> } | { heldBy: number }> {
  const own: Owner = { pid: process.pid, started: processStart(process.pid) ?? '' };
  // Written elsewhere and linked into place, so that nobody ever reads half a lock.
  const id = `${process.pid}.${randomUUID()}`;
  const draft = `${path}.draft.${id}`;
  await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (;;) {
      if (await linked(draft, path)) return { release: () => rm(path, { force: true }) };
      const owner = await lockOwner(path);
      if (owner !== undefined) return { heldBy: owner };
      if (!(await removeStale(path, draft, id))) await sleep(RETRY_MS * (1 + Math.random()));
    }
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/**
 * Removes the lock at `path` if its process is gone.
 *
 * Between finding it stale and removing it, another starter may have put its own lock there, which must stay. So each
 * first raises a flag and then looks for those of others: of two that do, at least one sees the other, hence at most one
 * goes on. While it is alone, nobody else removes a lock, so the one that it reads is the one that it removes.
 *
 * @returns false when another starter is at it: look again later
 */
async function removeStale(path: string, draft: string, id: string): Promise<boolean> {
  const prefix = `${basename(path)}.takeover.`;
  const flag = join(dirname(path), `${prefix}${id}`);
  await link(draft, flag);
  try {
    for (const name of await readdir(dirname(path))) {
      const other = join(dirname(path), name);
      if (!name.startsWith(prefix) || other === flag) continue;
      if ((await lockOwner(other)) !== undefined) return false;
      await rm(other, { force: true }); // Its process is gone, or has just lowered it.
    }
    if ((await lockOwner(path)) === undefined) await rm(path, { force: true });
    return true;
  } finally {
    await rm(flag, { force: true });
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
