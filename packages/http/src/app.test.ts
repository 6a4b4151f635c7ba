import { connect } from 'node:net';
import { type ApiKeyInfo, connectDatabase } from '@retort/platform';
import { Registry } from 'prom-client';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/servers.ts';
import { createHttpApp, type HttpApp } from './app.js';
import { asRetortError } from './problem-handler.js';

const key = (id: string, scopes: ApiKeyInfo['scopes']): ApiKeyInfo => {
  return { id, name: id, scopes, createdAt: new Date(0), lastUsedAt: null, revokedAt: null };
};
const keys = new Map([
  ['rt_submit', key('submitter', ['submit'])],
  ['rt_infer', key('asker', ['infer'])],
]);
let broken = false;
let app: HttpApp;

beforeAll(async () => {
  app = await createHttpApp({
    config: { auth: true, rateLimitPerMinute: 1000, maxBodyBytes: 10_000 },
    keys: { verify: async (token) => keys.get(token) },
    checks: {
      database: async () => {
        if (broken) throw new Error('connect ECONNREFUSED secret-host');
      },
    },
    metrics: new Registry(),
  });
  const body = Type.Object(
    { text: Type.String(), count: Type.Optional(Type.Integer()) },
    { additionalProperties: false },
  );
  app.put('/things/:thing', { config: { scope: 'submit' }, schema: { body } }, async ({ body, caller }) => {
    if (body.text === 'boom') throw new Error('the password is hunter2');
    return { text: body.text, by: caller.name };
  });
  const querystring = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 10, default: 5 }) });
  app.get('/pages', { config: { scope: 'public' }, schema: { querystring } }, async ({ query }) => query);
  app.get('/secret', async () => ({}));
  await app.ready();
});
afterAll(() => app.close());

const put = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'PUT',
    url: '/things/a',
    payload,
    headers: { authorization: 'Bearer rt_submit', 'content-type': 'application/json', ...headers },
  });

describe('createHttpApp', () => {
  it('lets a key do what its scopes cover, and nothing without one', async () => {
    const answer = await put('{"text":"hello"}', { 'x-request-id': 'mine' });
    expect(answer.json()).toEqual({ text: 'hello', by: 'submitter' });
    expect(answer.headers['x-request-id']).toBe('mine');
    expect((await put('{"text":"x"}', { authorization: 'Bearer rt_infer' })).json().code).toBe('RT_FORBIDDEN');
    expect((await put('{"text":"x"}', { authorization: 'rt_submit' })).json().code).toBe('RT_UNAUTHENTICATED');
    // A route that says nothing of its scope is for admins.
    const secret = await app.inject({ url: '/secret', headers: { authorization: 'Bearer rt_submit' } });
    expect(secret.json().code).toBe('RT_FORBIDDEN');
  });

  it.each([
    ['{"text":"\\ud800"}', 'RT_INVALID_TEXT'],
    ['{"text":"a\\u0000b"}', 'RT_INVALID_TEXT'],
    ['{"text":"x","\\uDFFF":1}', 'RT_INVALID_TEXT'],
    [Buffer.from([0x22, 0xff, 0x22]), 'RT_INVALID_TEXT'],
    ['{"__proto__":{"text":"x"}}', 'RT_BAD_REQUEST'],
    ['{"text":', 'RT_BAD_REQUEST'],
    ['', 'RT_BAD_REQUEST'],
    ['['.repeat(9000), 'RT_BAD_REQUEST'],
    [`{"text":"${'x'.repeat(10_000)}"}`, 'RT_TOO_LARGE'],
    ['{"text":"x","count":"1"}', 'RT_INVALID_FIELD'],
    ['{"text":"x","more":1}', 'RT_INVALID_FIELD'],
    ['null', 'RT_INVALID_FIELD'],
  ])('refuses the body %s with %s', async (payload, code) => {
    const answer = await put(payload);
    expect(answer.json().code).toBe(code);
    expect(answer.statusCode).toBe(answer.json().status);
    expect(answer.headers['content-type']).toMatch('application/problem+json');
  });

  it('names the field', async () => {
    expect((await put('{"count":1}')).json()).toMatchObject({ problems: [{ path: '/text', message: 'is required' }] });
  });

  it('reads numbers out of queries, and nothing else', async () => {
    const limit = async (text: string) => (await app.inject(`/pages${text}`)).json();
    expect(await limit('')).toEqual({ limit: 5 });
    expect(await limit('?limit=7')).toEqual({ limit: 7 });
    for (const wrong of ['0', '11', '1.5', '', 'x', '1e309', 'NaN', '-1', '7&limit=8']) {
      expect((await limit(`?limit=${wrong}`)).code, wrong).toBe('RT_INVALID_FIELD');
    }
  });

  it('takes an emoji written as two escapes', async () => {
    expect((await put('{"text":"\\ud83d\\ude00"}')).json().text).toBe('😀');
  });

  it('tells other paths from other methods', async () => {
    expect((await app.inject({ url: '/nothing' })).json().code).toBe('RT_NOT_FOUND');
    const wrong = await app.inject({ method: 'POST', url: '/things/a' });
    expect(wrong.json().code).toBe('RT_METHOD_NOT_ALLOWED');
    expect(wrong.headers.allow).toBe('PUT');
    expect((await app.inject({ url: '/things/%c3%28' })).json().code).toBe('RT_BAD_REQUEST');
    expect((await put('<x/>', { 'content-type': 'text/xml' })).json().code).toBe('RT_UNSUPPORTED_MEDIA_TYPE');
    expect((await put('{}', { 'content-type': 'application/json; charset=latin1' })).json().code).toBe(
      'RT_UNSUPPORTED_MEDIA_TYPE',
    );
  });

  it('keeps the text of unexpected errors to itself', async () => {
    const answer = await put('{"text":"boom"}');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('hunter2');
  });

  it('says which dependency is missing', async () => {
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready', checks: { database: 'ok' } });
    broken = true;
    const answer = await app.inject('/readyz');
    broken = false;
    expect(answer.json()).toMatchObject({ status: 503, problems: [{ path: '/database' }] });
    expect(answer.body).not.toContain('secret-host');
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await app.inject('/metrics')).body).toContain('route="/readyz",status="503"');
  });

  it('answers what is not HTTP with a problem', async () => {
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    const port = Number(new URL(address).port);
    const ask = (bytes: string) =>
      new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.setEncoding('latin1').on('data', (chunk) => {
          text += chunk;
          if (text.includes('}')) socket.end();
        });
        socket.on('close', () => resolve(text)).on('error', reject);
      });
    for (const [bytes, status] of [
      ['NONSENSE\r\n\r\n', 400],
      ['GET /healthz HTTP/1.1\r\n\r\n', 400],
      ['GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n', 400],
      [`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
      ['CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
      ['PUT /things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx', 400],
    ] as const) {
      const answer = await ask(bytes);
      expect(answer, bytes.slice(0, 60)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
    }
  });

  it('closes while connections stand open that nobody uses', async () => {
    const closing = await createHttpApp({
      config: { auth: false, rateLimitPerMinute: 0, maxBodyBytes: 1000 },
      keys: { verify: async () => undefined },
      checks: {},
      metrics: new Registry(),
    });
    let answer = () => {};
    closing.get('/slow', async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { done: true };
    });
    const address = await closing.listen({ port: 0, host: '127.0.0.1' });
    const unused = connect(Number(new URL(address).port), '127.0.0.1').on('error', () => {});
    const slow = fetch(`${address}/slow`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = closing.close();
    setTimeout(answer, 50);
    expect(await (await slow).json()).toEqual({ done: true });
    const begun = performance.now();
    await closed;
    expect(performance.now() - begun).toBeLessThan(1000);
    unused.destroy();
  });

  it('limits the requests of a key', async () => {
    const limited = await createHttpApp({
      config: { auth: true, rateLimitPerMinute: 2, maxBodyBytes: 1000 },
      keys: { verify: async (token) => keys.get(token) },
      checks: {},
      metrics: new Registry(),
    });
    limited.get('/a', { config: { scope: 'infer' } }, async () => ({}));
    limited.get('/b', { config: { scope: 'infer' } }, async () => ({}));
    const ask = (url: string, token = 'rt_infer') =>
      limited.inject({ url, headers: { authorization: `Bearer ${token}` } });
    expect((await ask('/a')).statusCode).toBe(200);
    expect((await ask('/b')).statusCode).toBe(200);
    const refused = await ask('/a');
    expect(refused.json().code).toBe('RT_RATE_LIMITED');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask('/a', 'rt_submit')).statusCode).toBe(200);
    await limited.close();
  });

  it('describes itself', async () => {
    const document = (await app.inject('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    expect(document.paths['/things/{thing}'].put.security).toEqual([{ apiKey: ['submit'] }]);
    expect((await app.inject('/docs/')).statusCode).toBe(200);
  });
});

it('answers 503 where the database has no connection or transaction left to give', async () => {
  const context = await testContext();
  const database = connectDatabase(context.config.databaseUrl!, { maxConnections: 1 });
  const held = await database.pool.connect();
  // Only from now on: on a busy machine the first connection itself can take longer.
  database.pool.options.connectionTimeoutMillis = 100;
  const refused = async (ask: () => Promise<unknown>) => asRetortError(await ask().catch((error) => error)).code;
  try {
    expect(await refused(() => database.pool.query('SELECT 1'))).toBe('RT_UNAVAILABLE');
    expect(await refused(() => database.prisma.task.count())).toBe('RT_UNAVAILABLE');
    const transaction = () => database.prisma.$transaction(async (tx) => tx.task.count(), { maxWait: 50 });
    expect(await refused(transaction)).toBe('RT_UNAVAILABLE');
  } finally {
    held.release();
    await database.close();
    await context.close();
  }
  expect(asRetortError(new Error('anything else')).code).toBe('RT_INTERNAL');
});
