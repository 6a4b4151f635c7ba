import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Modules that are loaded with the file: types are gone by then. */
function loadedWith(file: URL, seen = new Map<string, string[]>()): Map<string, string[]> {
  const source = readFileSync(file, 'utf8').replaceAll(/^(import|export) type .*$/gm, '');
  const specifiers = [...source.matchAll(/from '([^']+)'/g)].map(([, specifier]) => specifier!);
  seen.set(file.href, specifiers);
  for (const specifier of specifiers.filter((name) => name.startsWith('.'))) {
    const next = new URL(specifier.replace(/\.js$/, '.ts'), file);
    if (!seen.has(next.href)) loadedWith(next, seen);
  }
  return seen;
}

it('loads no schema library with what carries no schema', () => {
  const loaded = loadedWith(new URL('./values.ts', import.meta.url));
  expect(loaded.size).toBeGreaterThan(5);
  const packages = [...loaded.values()].flat().filter((name) => !name.startsWith('.'));
  expect(packages).toEqual([]);
});
