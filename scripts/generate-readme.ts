/** Writes the README's table of variables from the configuration schema. */
import { readFileSync, writeFileSync } from 'node:fs';
import { listVariables } from '@retort/platform';

const README = new URL('../README.md', import.meta.url);
const SECTION = /(<!-- variables: [^>]*-->\n)[\s\S]*?(<!-- end of variables -->)/;

const rows = listVariables().map(({ name, type, default: value, description }) => {
  const shown = value === undefined || value === '' ? '' : `\`${value}\``;
  return `| \`${name}\` | ${type} | ${shown} | ${description} |`;
});
const table = ['| variable | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
const before = readFileSync(README, 'utf8');
if (!SECTION.test(before)) throw new Error('README.md has lost the markers of its table of variables.');
writeFileSync(
  README,
  before.replace(SECTION, (_, start, end) => `${start}\n${table}\n\n${end}`),
);
