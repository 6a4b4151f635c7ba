import fc from 'fast-check';

/** A request as bytes and strings, not yet as HTTP. */
export interface FuzzRequest {
  operation: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  payload: Buffer | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document is walked by name
type Json = any;

/** Text that has broken services before. */
const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udc00y',
  '\u200b',
  '😀'.repeat(50),
  '\u202eevil',
  'x'.repeat(25_000),
  '../../etc/passwd',
  '/etc/passwd',
  '\'; DROP TABLE "Task"; --',
  '{{7*7}}<script>',
  '__proto__',
  'constructor',
  'toString',
  '-1',
  '1e309',
  'NaN',
  'null',
  '99999999999999999999',
  '\r\nx-injected: 1',
  '٣',
];

const HOSTILE_URL_PARTS = [
  '%00',
  '%',
  '%zz',
  '%c3%28',
  '%ed%a0%80',
  '..',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f',
  'a'.repeat(300),
  '__proto__',
  'constructor',
  "'%20OR%201=1",
  '%F0%9F%98%80',
  '%0d%0aset-cookie:x',
  '*',
  ';a=b',
];

const nest = (depth: number) => {
  let value: Json = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
};

const hostileText = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
);

const hostileValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  fc.constantFrom<Json[]>(null, true, 0, -1, 0.5, 1e308, -1e308, 2 ** 53, {}, [], [[]], [null], {
    a: { b: { c: [] } },
  }),
  fc.constantFrom(nest(40), nest(3000), Array(300).fill('a'), Array(3).fill({})),
  fc.dictionary(hostileText, fc.oneof(hostileText, fc.integer()), { maxKeys: 3 }),
);

/** A value that a schema allows, roughly: mutation makes it wrong. */
function fromSchema(schema: Json, document: Json): fc.Arbitrary<Json> {
  if (schema.$ref)
    return fromSchema(
      schema.$ref
        .split('/')
        .slice(1)
        .reduce((at: Json, key: string) => at[key], document),
      document,
    );
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((each: Json) => fromSchema(each, document)));
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object': {
      const known = Object.entries(schema.properties ?? {}).map(([key, each]) => [key, fromSchema(each, document)]);
      return fc.record(Object.fromEntries(known), { requiredKeys: schema.required ?? [] });
    }
    case 'array':
      return fc.array(fromSchema(schema.items ?? {}, document), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case 'integer':
      return fc.integer({ min: Math.max(schema.minimum ?? -10, -1000), max: Math.min(schema.maximum ?? 10, 1000) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1, max: schema.maximum ?? 1, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return schema.examples
        ? fc.constantFrom(...schema.examples)
        : fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 });
  }
}

/** Puts something wrong somewhere: another value, a missing or an unknown field. */
function mutate(value: Json, at: number, how: number, hostile: Json): Json {
  if (typeof value !== 'object' || value === null || how === 0) return hostile;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const keys = Object.keys(copy);
  const key = keys[at % Math.max(keys.length, 1)];
  if (how === 1 || key === undefined)
    return Array.isArray(copy) ? [...copy, hostile] : { ...copy, [`unknown${at}`]: hostile };
  if (how === 2) delete copy[key];
  else copy[key] = how === 3 ? hostile : mutate(copy[key], at >> 3, how - 1, hostile);
  return copy;
}

const mutated = (value: fc.Arbitrary<Json>) =>
  fc
    .tuple(value, fc.array(fc.tuple(fc.nat(255), fc.nat(6), hostileValue), { minLength: 1, maxLength: 3 }))
    .map(([start, changes]) => changes.reduce((now, [at, how, hostile]) => mutate(now, at, how, hostile), start));

/** Bytes that are no JSON, or only nearly. */
const notJson = (json: fc.Arbitrary<Json>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.tuple(json, fc.nat(1000)).map(([value, cut]) => {
      const bytes = Buffer.from(JSON.stringify(value) ?? '');
      return bytes.subarray(0, cut % Math.max(bytes.length, 1));
    }),
    fc.tuple(json, fc.nat(1000)).map(([value, at]) => {
      const bytes = Buffer.from(JSON.stringify(value) ?? 'null');
      return Buffer.concat([
        bytes.subarray(0, at % bytes.length),
        Buffer.from([0xff, 0xc0]),
        bytes.subarray(at % bytes.length),
      ]);
    }),
    fc
      .constantFrom(
        '',
        '{',
        '[',
        '"',
        'nul',
        '{"a":1,}',
        '[1 2]',
        '{"__proto__":{"x":1}}',
        '['.repeat(50_000),
        '{"a":'.repeat(9000),
      )
      .map(Buffer.from),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  );

const CONTENT_TYPES = [
  undefined,
  '',
  'application/json',
  'application/json; charset=latin1',
  'application/xml',
  'text/plain',
  'text/csv',
  'text/csv; charset=utf-16',
  'application/x-ndjson',
  'multipart/form-data',
  'multipart/form-data; boundary=xX0Xx',
  'application/octet-stream',
  'x'.repeat(2000),
  'a/b; =;;;"',
];

/** Nearly a multipart form. */
const form: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.oneof(fc.constantFrom('name', 'task', 'head', 'kind', 'files', 'file', '__proto__', ''), hostileText),
        fc.option(fc.oneof(fc.constantFrom('a.csv', 'a.jsonl', '../x', 'C:\\x', '', 'a/b/c/d/e'), hostileText)),
        fc.oneof(
          hostileText,
          fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
        ),
      ),
      { maxLength: 4 },
    ),
    fc.nat(3),
  )
  .map(([parts, ending]) => {
    const head = (name: string, file: string | null) =>
      `--xX0Xx\r\nContent-Disposition: form-data; name="${name}"${file === null ? '' : `; filename="${file}"`}\r\n\r\n`;
    const body = parts.map(([name, file, content]) => `${head(name, file)}${content}\r\n`).join('');
    return Buffer.from(body + ['--xX0Xx--\r\n', '--xX0Xx', '', '--other--'][ending], 'latin1');
  });

/** Lines of a dataset, few of them usable. */
const lines: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      mutated(fc.constant({ text: 'hello', label: 'x', split: 'train' })).map((row) => JSON.stringify(row)),
      hostileText,
    ),
    {
      maxLength: 6,
    },
  )
  .map((rows) => Buffer.from(rows.join('\n')));

/**
 * Bad requests for every operation of an OpenAPI document: made from its schemas and then broken, with hostile paths,
 * queries, headers and bodies.
 *
 * @param known values that exist, by path parameter, so that requests come past the look-up
 * @param keys API keys; most requests carry the first one
 */
export function badRequests(
  document: Json,
  known: Record<string, string[]>,
  keys: string[],
): fc.Arbitrary<FuzzRequest> {
  const operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  return fc.oneof(
    ...operations.map(({ path, method, operation }) => badRequest(document, path, method, operation, known, keys)),
  );
}

function badRequest(
  document: Json,
  path: string,
  method: string,
  operation: Json,
  known: Record<string, string[]>,
  keys: string[],
): fc.Arbitrary<FuzzRequest> {
  const parameters: Json[] = operation.parameters ?? [];
  const content: Record<string, Json> = operation.requestBody?.content ?? {};
  const json = content['application/json'];
  const wellKnown = ({ name }: Json) => fc.constantFrom(...(known[name] ?? ['x']));
  const inPath = parameters.filter((each) => each.in === 'path');
  const pathValues = fc.record(
    Object.fromEntries(
      inPath.map((each) => {
        const hostile = fc.oneof(fc.constantFrom(...HOSTILE_URL_PARTS), hostileText.map(encode));
        // An operation without body or query has nothing else that could be wrong.
        const weight = method === 'GET' || method === 'DELETE' || Object.keys(content).length === 0 ? 0 : 6;
        return [
          each.name,
          fc.oneof(
            { weight, arbitrary: wellKnown(each) },
            { weight: 3, arbitrary: hostile },
            { weight: 1, arbitrary: fc.constant('unknown-id') },
          ),
        ];
      }),
    ),
  );
  const query = fc.array(
    fc.tuple(
      fc.oneof(fc.constantFrom('limit', 'cursor', 'status', 'task', '__proto__', 'x[]'), hostileText.map(encode)),
      hostileText.map(encode),
    ),
    { minLength: 0, maxLength: 3 },
  );
  const body: fc.Arbitrary<Buffer | undefined> =
    Object.keys(content).length === 0
      ? fc.option(notJson(hostileValue), { nil: undefined, freq: 4 })
      : fc.oneof(
          ...(json
            ? [
                {
                  weight: 6,
                  arbitrary: mutated(fromSchema(json.schema, document)).map((value) =>
                    Buffer.from(JSON.stringify(value) ?? ''),
                  ),
                },
                { weight: 3, arbitrary: notJson(fromSchema(json.schema, document)) },
              ]
            : [{ weight: 5, arbitrary: lines }]),
          ...('multipart/form-data' in content ? [{ weight: 3, arbitrary: form }] : []),
        );
  const types = Object.keys(content);
  const contentType = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<(string | undefined)[]>(...(types.length ? types : [undefined])) },
    { weight: 2, arbitrary: fc.constantFrom(...CONTENT_TYPES) },
  );
  const authorization = fc.oneof(
    { weight: 12, arbitrary: fc.constant(`Bearer ${keys[0]}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        'Bearer',
        'Bearer rt_x',
        'Basic YTpi',
        `Bearer ${'x'.repeat(3000)}`,
        ...keys.slice(1).map((key) => `Bearer ${key}`),
      ),
    },
  );
  const header = hostileText.map((text) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 4000));
  const extra = fc.dictionary(
    fc.constantFrom(
      'idempotency-key',
      'last-event-id',
      'x-request-id',
      'range',
      'if-none-match',
      'accept',
      'content-encoding',
      'x-forwarded-for',
    ),
    header,
    { maxKeys: 2 },
  );
  return fc.record({ pathValues, query, body, contentType, authorization, extra }).map((parts) => {
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) =>
      String((parts.pathValues as Record<string, string>)[name]),
    );
    const search = parts.query.map(([name, value]) => `${name}=${value}`).join('&');
    const type = parts.contentType?.startsWith('multipart/form-data')
      ? 'multipart/form-data; boundary=xX0Xx'
      : parts.contentType;
    return {
      operation: operation.operationId,
      method,
      url: search && parts.query.length > 0 ? `${url}?${search}` : url,
      headers: {
        authorization: parts.authorization,
        ...parts.extra,
        ...(type === undefined || parts.body === undefined ? {} : { 'content-type': type }),
      },
      payload: parts.body,
    };
  });
}

const encode = (text: string) => encodeURIComponent(text.toWellFormed()).slice(0, 5000);
