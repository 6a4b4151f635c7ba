import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findFolderCircle } from '../scripts/folder-circles.ts';

/** Files that import others, each in its folder: `[from, to]`. */
const sourcesOf = (imports: readonly (readonly [string, string])[]) => {
  const sources = new Map<string, string>();
  for (const [from, to] of imports) {
    const up = '../'.repeat(from.split('/').length - 1) || './';
    sources.set(from, `${sources.get(from) ?? ''}import { x } from '${up}${to.replace(/\.ts$/, '.js')}';\n`);
  }
  return sources;
};

describe('a circle of folders', () => {
  it('is found where no file imports in one', () => {
    const sources = sourcesOf([
      ['losses/kl.ts', 'graph/builder.ts'],
      ['graph/emit/rows.ts', 'losses/softmax.ts'],
    ]);
    expect(findFolderCircle(sources)).toEqual({
      folders: ['losses', 'graph'],
      imports: ['losses/kl.ts -> graph/builder.ts', 'graph/emit/rows.ts -> losses/softmax.ts'],
    });
  });

  it('is none within one folder, nor by a file beside the folders that imports them', () => {
    const sources = sourcesOf([
      ['graph/a.ts', 'graph/b.ts'],
      ['graph/b.ts', 'graph/a.ts'],
      ['index.ts', 'graph/a.ts'],
    ]);
    expect(findFolderCircle(sources)).toBeUndefined();
  });

  it('is there exactly where an import goes up again', () => {
    const downwards = fc
      .uniqueArray(fc.tuple(fc.nat(7), fc.nat(7)), { minLength: 1, maxLength: 20, selector: ([a, b]) => `${a} ${b}` })
      .map((pairs) => pairs.filter(([a, b]) => a < b))
      .filter((pairs) => pairs.length > 0);
    const named = (pairs: readonly (readonly [number, number])[]) =>
      sourcesOf(pairs.map(([a, b], i) => [`f${a}/${i}.ts`, `f${b}/to.ts`] as const));
    fc.assert(
      fc.property(downwards, fc.nat(), (pairs, pick) => {
        expect(findFolderCircle(named(pairs))).toBeUndefined();
        const [a, b] = pairs[pick % pairs.length];
        expect(findFolderCircle(named([...pairs, [b, a]]))?.folders.length).toBeGreaterThan(1);
      }),
    );
  });
});
