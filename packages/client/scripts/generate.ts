/**
 * Writes `openapi.json` and the types of the client from the routes themselves. Nothing is started: the services' plugins
 * are registered on an app that never listens and asks no database.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { buildDocument } from './document.js';
import { documentTypes } from './document-types.js';

const outputs = [
  {
    url: new URL('../openapi.json', import.meta.url),
    make: (document: object) => `${JSON.stringify(document, null, 2)}\n`,
  },
  { url: new URL('../src/generated/openapi.ts', import.meta.url), make: documentTypes },
];

const document = await buildDocument();
for (const { url, make } of outputs) {
  const text = await make(document);
  const current = await readFile(url, 'utf8').catch(() => undefined);
  if (text !== current) await writeFile(url, text);
}
