/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out. It does so where they cannot be
 * fetched or where node_modules already stands (npm/cli#4828); `npm ci` then refuses the lock file. What is added
 * carries version and platform, so that it is fetched where it belongs and nowhere else.
 *
 * Run it after `npm install` has changed the lock file: `npm run lock`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const FILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'aix', 'netbsd', 'openbsd', 'sunos'];
const PROCESSORS = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32'];
const ALIASES: Record<string, string> = { windows: 'win32', ppc64le: 'ppc64', armv6: 'arm', armhf: 'arm' };

const lock = JSON.parse(readFileSync(FILE, 'utf8')) as { packages: Record<string, Entry> };
const added: string[] = [];
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isLocked(path, name)) continue;
    if (!/^\d/.test(version)) throw new Error(`${path} wants ${name}@${version}: only exact versions can be added.`);
    lock.packages[`node_modules/${name}`] = { version, ...(dev ? { dev } : {}), optional: true, ...platform(name) };
    added.push(name);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
console.log(added.length === 0 ? 'The lock file is complete.' : `Added ${added.join(', ')}.`);

/** Whether node_modules of the package or of any folder above it has an entry. */
function isLocked(path: string, name: string): boolean {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (`${at === '' ? '' : `${at}/`}node_modules/${name}` in lock.packages) return true;
    if (at === '' || !at.includes('node_modules/')) return `node_modules/${name}` in lock.packages;
  }
}

/** Platform packages name theirs: `@scope/binding-linux-arm64-musl`. */
function platform(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> {
  const words = (name.split('/').at(-1) ?? '').split(/[-_.]/).map((word) => ALIASES[word] ?? word);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : [];
  if (os.length + cpu.length === 0) throw new Error(`Cannot tell the platform of ${name} by its name.`);
  return {
    ...(os.length > 0 ? { os } : {}),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(os[0] === 'linux' && libc.length > 0 ? { libc } : {}),
  };
}
