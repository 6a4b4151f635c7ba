import { isDeepStrictEqual } from 'node:util';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Titles that name a schema look like type names; any other title is prose. */
const TYPE_NAME = /^[A-Z][A-Za-z0-9]*$/;

/**
 * Moves every object schema with a type-like `title` to `components/schemas` and leaves a `$ref`, so that a document that
 * Fastify wrote with inlined schemas reads like one written by hand, and generated clients get named types.
 *
 * Changes `document` in place. The order of the components is that of their names.
 *
 * @throws Error when two different schemas carry the same title
 */
export function hoistSchemas(document: object): void {
  const root = document as { components?: { schemas?: Record<string, Json> }; paths?: Json };
  const named = new Map<string, Json>();
  root.paths = hoist(root.paths ?? {}, named);
  const sorted = [...named].sort(([a], [b]) => (a < b ? -1 : 1));
  root.components = { ...root.components, schemas: Object.fromEntries(sorted) };
}

function hoist(node: Json, named: Map<string, Json>): Json {
  if (Array.isArray(node)) return node.map((item) => hoist(item, named));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => {
    // Examples are data: an object in them may have a `title` of its own.
    return [key, key === 'example' || key === 'examples' ? value : hoist(value, named)] as const;
  });
  const copy = Object.fromEntries(entries) as { [key: string]: Json };
  const { title, type } = copy;
  if (type !== 'object' || typeof title !== 'string' || !TYPE_NAME.test(title)) return copy;
  const known = named.get(title);
  if (known !== undefined && !isDeepStrictEqual(known, copy))
    throw new Error(`Two different schemas are titled ${title}.`);
  named.set(title, copy);
  return { $ref: `#/components/schemas/${title}` };
}
