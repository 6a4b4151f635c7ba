import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { RetortError } from '@retort/contracts';

/**
 * How to run PostgreSQL, which refuses to be root and wants its user to have a name.
 *
 * - `self`: as we are
 * - `user`: root becomes an unprivileged user; needs folders that this user can reach
 * - `namespace`: in a user namespace (`unshare`) where we carry an unprivileged user's number but keep our file access
 * - `capability`: an unprivileged user with CAP_DAC_OVERRIDE (`setpriv`), where containers forbid namespaces
 */
export interface RunAs {
  how: 'self' | 'user' | 'namespace' | 'capability';
  /** The command to run in place of `command`. */
  wrap(command: readonly string[]): readonly string[];
  /** For `spawn`. */
  ids: { uid?: number; gid?: number };
  /** Who must own the data folder, as seen from outside; undefined: whoever owns it. */
  owner: { uid: number; gid: number } | undefined;
  /**
   * Where the binaries must be copied to, since the user cannot reach them. (A capability does not help there: PostgreSQL
   * asks `access(2)` about its own executable, which answers for the user without capabilities.)
   */
  copyBinaries: 'beside-data' | 'to-temporary' | undefined;
}

const identity = (command: readonly string[]): readonly string[] => command;

/**
 * Chooses how to run a program that must not be root.
 *
 * @param data - the folder it writes to (it or its nearest existing ancestor is looked at)
 * @param program - an executable that it starts
 * @throws RetortError `RT_UNAVAILABLE` when there is no way, saying what would help.
 */
export function chooseRunAs(data: string, program: string): RunAs {
  const self: RunAs = { how: 'self', wrap: identity, ids: {}, owner: undefined, copyBinaries: undefined };
  const root = process.getuid?.() === 0;
  if (!root && hasName()) return self;

  const user = unprivilegedUser();
  const asUser: RunAs = { ...self, how: 'user', ids: user, owner: user };
  const [reachesData, reachesProgram] = [reachable(data, user.uid), reachable(program, user.uid)];
  if (root && reachesData && reachesProgram) return asUser;

  const unshare = ['unshare', '--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`];
  if (works(unshare)) {
    const owner = { uid: process.getuid!(), gid: process.getgid!() };
    return { ...self, how: 'namespace', wrap: (command) => [...unshare, ...command], owner };
  }
  if (!root) {
    const detail = `PostgreSQL cannot run as user ${process.getuid?.()}, who is not in /etc/passwd. Add the user, or set DATABASE_URL.`;
    throw new RetortError('RT_UNAVAILABLE', detail);
  }
  const capability = '+dac_override';
  const setpriv = [
    ...['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'],
    ...[`--inh-caps=${capability}`, `--ambient-caps=${capability}`],
  ];
  if (reachesData) return { ...asUser, copyBinaries: 'beside-data' };
  const copyBinaries = reachesProgram ? undefined : 'to-temporary';
  if (works(setpriv) && (reachesProgram || reachable(tmpdir(), user.uid))) {
    return { ...self, how: 'capability', wrap: (command) => [...setpriv, ...command], owner: user, copyBinaries };
  }
  throw new RetortError(
    'RT_UNAVAILABLE',
    `PostgreSQL refuses to run as root, and the unprivileged user ${user.uid} cannot reach ${data}. ` +
      'Choose a data folder outside of /root (for example /var/lib/retort), run as an ordinary user, or set DATABASE_URL.',
  );
}

function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

/** `nobody` (65534) where it has a name, else the first other user who is not root. */
function unprivilegedUser(): { uid: number; gid: number } {
  let passwd = '';
  try {
    passwd = readFileSync('/etc/passwd', 'utf8');
  } catch {
    // No such file: other name services may still know nobody.
  }
  const users = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .map(([, , uid, gid]) => ({ uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0);
  return users.find(({ uid }) => uid === 65_534) ?? users[0] ?? { uid: 65_534, gid: 65_534 };
}

/** Whether `uid` may enter every folder above `path` and `path` itself, as far as it exists. Group rights do not count. */
function reachable(path: string, uid: number): boolean {
  const allowed = (at: string): boolean => {
    const stats = statSync(at, { throwIfNoEntry: false });
    return !stats || ((stats.uid === uid ? stats.mode >> 6 : stats.mode) & 1) === 1;
  };
  for (let at = path; ; at = dirname(at)) {
    if (!allowed(at)) return false;
    if (at === dirname(at)) return true;
  }
}

/** Whether the wrapper can start a program at all. */
function works(wrapper: readonly string[]): boolean {
  const [command, ...args] = wrapper;
  return spawnSync(command!, [...args, 'true'], { stdio: 'ignore', timeout: 5_000 }).status === 0;
}
