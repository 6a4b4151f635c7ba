/**
 * Holds the direction of imports: a package may import only from the rows below its own (docs/architecture.md has the
 * picture), and the folders of one package import each other one way. Tests and generator scripts are free, since they stand
 * above everything.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findFolderCircle } from './folder-circles.ts';

/** Top row first. Packages of one row do not import each other. */
const LAYERS: string[][] = [
  ['@retort/examples'],
  ['retort'],
  ['@retort/api', '@retort/inference', '@retort/labeler', '@retort/trainer'],
  ['@retort/http', '@retort/registry'],
  ['@retort/platform'],
  ['@retort/distill'],
  ['@retort/teachers'],
  ['@retort/text', '@retort/learn'],
  ['@retort/runtime'],
  ['@retort/onnx'],
  ['@retort/contracts', '@retort/client'],
];

/** Packages that must stay free of HTTP, queues and databases: `distill` and all below it. */
const PURE_BELOW = '@retort/platform';
const IMPURE = /^(fastify|@fastify\/.*|bullmq|ioredis|pg|@prisma\/.*|prisma|node:http|node:net)$/;

/** Packages that threads and children load to run a model: they take values of contracts only from its entry without schemas. */
const SCHEMALESS = ['@retort/onnx', '@retort/runtime', '@retort/text', '@retort/learn'];
const SCHEMAS = /^import (?!type )[^;]*? from '@retort\/contracts';/m;

const layerOf = new Map(LAYERS.flatMap((row, depth) => row.map((name) => [name, depth] as const)));
const problems: string[] = [];
let checked = 0;

/** Tracked files and new ones that git does not ignore: neither dist nor node_modules. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => existsSync(path));

for (const manifest of files.filter((path) => /^((packages|services)\/[^/]+|examples)\/package\.json$/.test(path))) {
  const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name: string };
  const depth = layerOf.get(name);
  if (depth === undefined) {
    problems.push(`${manifest}: ${name} stands in no layer of scripts/check-imports.ts`);
    continue;
  }
  const folder = manifest.slice(0, -'package.json'.length);
  const sources = files.filter(
    (path) => path.startsWith(folder) && /\.ts$/.test(path) && !/\.test\.ts$|\/(generated|scripts)\//.test(path),
  );
  for (const path of sources) checkFile(path, name, depth);
  checkFolders(`${folder}src/`, sources);
}

function checkFolders(root: string, paths: string[]): void {
  const inside = paths.filter((path) => path.startsWith(root));
  const circle = findFolderCircle(new Map(inside.map((path) => [path.slice(root.length), readFileSync(path, 'utf8')])));
  if (!circle) return;
  problems.push(`${root}: folders import each other in a circle: ${circle.imports.join(', ')}`);
}

function checkFile(path: string, name: string, depth: number): void {
  checked++;
  const source = readFileSync(path, 'utf8');
  if (SCHEMALESS.includes(name) && SCHEMAS.test(source)) {
    problems.push(
      `${path}: imports a value of @retort/contracts, which loads all schemas; take it from @retort/contracts/values`,
    );
  }
  const specifiers = source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
  for (const [, specifier] of specifiers) {
    const target = /^(@retort\/[a-z-]+|retort)(\/|$)/.exec(specifier)?.[1];
    if (target === name) problems.push(`${path}: imports its own package by name (${specifier})`);
    else if (target !== undefined && (layerOf.get(target) ?? -1) <= depth) {
      problems.push(`${path}: ${name} may not import ${target}, which is not below it`);
    }
    const pure = depth > (layerOf.get(PURE_BELOW) as number) && name !== '@retort/client';
    if (pure && IMPURE.test(specifier))
      problems.push(`${path}: ${name} must know no HTTP, queue or database (${specifier})`);
  }
}

for (const problem of problems) console.error(problem);
console.log(`${checked} files, ${problems.length} imports in the wrong direction`);
process.exitCode = problems.length > 0 ? 1 : 0;
