/** Writes what the documentation takes from the code: the README's table of variables, and docs/errors.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ERRORS } from '@retort/contracts';
import { listVariables } from '@retort/platform';

const README = new URL('../README.md', import.meta.url);
const ERROR_TABLE = new URL('../docs/errors.md', import.meta.url);
const SECTION = /(<!-- variables: [^>]*-->\n)[\s\S]*?(<!-- end of variables -->)/;

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

const readme = readFileSync(README, 'utf8');
if (!SECTION.test(readme)) throw new Error('README.md has lost the markers of its table of variables.');
writeFileSync(
  README,
  readme.replace(SECTION, (_, start, end) => `${start}\n${variables()}\n\n${end}`),
);
writeFileSync(ERROR_TABLE, errors());
