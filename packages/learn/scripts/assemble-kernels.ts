/** Assembles kernels/*.wat into src/optimizer/kernel-bytes.ts. Run by `npm run generate`; CI checks that nothing differs. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import loadWabt from 'wabt';

const folder = new URL('../kernels/', import.meta.url);
const wabt = await loadWabt();

function assemble(file: string): string {
  const module = wabt.parseWat(file, readFileSync(new URL(file, folder), 'utf8'), { simd: true });
  const bytes = Buffer.from(module.toBinary({ write_debug_names: false }).buffer);
  module.destroy();
  const lines = bytes.toString('base64').match(/.{1,110}/g) ?? [];
  return `/** kernels/${file} */
export const ${file.replace('.wat', '').toUpperCase()}_BYTES = Buffer.from(
  [
${lines.map((line) => `    '${line}',`).join('\n')}
  ].join(''),
  'base64',
);
`;
}

const kernels = readdirSync(folder)
  .filter((file) => file.endsWith('.wat'))
  .sort()
  .map(assemble);
writeFileSync(
  new URL('../src/optimizer/kernel-bytes.ts', import.meta.url),
  ['/** Made from kernels/*.wat by scripts/assemble-kernels.ts. Do not edit. */\n', ...kernels].join('\n'),
);
