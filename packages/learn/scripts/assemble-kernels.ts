/** Assembles kernels/adamw.wat into src/adamw-bytes.ts. Run by `npm run generate`; CI checks that nothing differs. */
import { readFileSync, writeFileSync } from 'node:fs';
import loadWabt from 'wabt';

const source = new URL('../kernels/adamw.wat', import.meta.url);
const wabt = await loadWabt();
const module = wabt.parseWat('adamw.wat', readFileSync(source, 'utf8'), { simd: true });
const bytes = Buffer.from(module.toBinary({ write_debug_names: false }).buffer);
module.destroy();
const lines = bytes.toString('base64').match(/.{1,110}/g) ?? [];
writeFileSync(
  new URL('../src/adamw-bytes.ts', import.meta.url),
  `/** kernels/adamw.wat, assembled by scripts/assemble-kernels.ts. Do not edit. */
export const ADAMW_BYTES = Buffer.from(
  [
${lines.map((line) => `    '${line}',`).join('\n')}
  ].join(''),
  'base64',
);
`,
);
