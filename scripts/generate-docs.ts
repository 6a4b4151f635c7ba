/**
 * Writes what the documentation takes from the code and from recorded measurements: the README's table of variables, docs/errors.md,
 * the lists, tables and pictures of docs/engine.md and docs/results.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@retort/contracts';
import { listVariables } from '@retort/platform';
import { readCells } from '../test/bench/distill/cells.ts';
import { readDataFacts } from '../test/bench/distill/data-facts.ts';
import { readLatencies } from '../test/bench/distill/latency.ts';
import { ablationPicture } from './docs/ablation-picture.ts';
import { accuracyLatencyPicture } from './docs/accuracy-latency-picture.ts';
import { enginePage } from './docs/engine-page.ts';
import { lossCurvePicture } from './docs/loss-curve-picture.ts';
import { countingCells, resultsPage } from './docs/results-page.ts';
import { replaceSection } from './docs/sections.ts';
import { stepBreakdownPicture } from './docs/step-breakdown-picture.ts';

const ROOT = new URL('../', import.meta.url);

function variables(): string {
  const rows = listVariables().map(({ name, type, default: value, description }) => {
    const shown = value === undefined || value === '' ? '' : `\`${value}\``;
    return `| \`${name}\` | ${type} | ${shown} | ${description} |`;
  });
  return ['| variable | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function errors(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title, hint }]) => `| \`${code}\` | ${status} | ${title} | ${hint} |`,
  );
  return `# Errors

Every failure is served as RFC 9457 problem details (\`application/problem+json\`): \`code\` is one of these, \`detail\` names the field, the
limit and what to do, \`problems\` lists findings by JSON pointer. The command line shows the same codes.

<!-- made by \`npm run generate\` from packages/contracts/src/errors.ts -->

| code | status | meaning | what to do |
|---|---|---|---|
${rows.join('\n')}
`;
}

const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const write = (path: string, content: string) => writeFileSync(new URL(path, ROOT), content);

write('README.md', replaceSection(read('README.md'), 'variables', variables()));
write('docs/errors.md', errors());
write('docs/engine.md', enginePage(read('docs/engine.md'), JSON.parse(read('docs/engine/bench-train.json'))));
write('docs/engine/loss-curve.svg', lossCurvePicture(JSON.parse(read('docs/engine/loss-curve.json'))));
write('docs/engine/step-breakdown.svg', stepBreakdownPicture(JSON.parse(read('docs/engine/step-breakdown.json'))));

const results = (name: string) => fileURLToPath(new URL(`docs/results/${name}`, ROOT));
const cells = countingCells(readCells(results('cells.jsonl')));
const latencies = readLatencies(results('latencies.jsonl'));
const data = readDataFacts(results('data.json'));
write('docs/results.md', resultsPage(read('docs/results.md'), { cells, latencies, data }));
write('docs/results/accuracy-latency.svg', accuracyLatencyPicture(cells, latencies));
write('docs/results/ablation.svg', ablationPicture(cells));
