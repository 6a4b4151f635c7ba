import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERRORS, type ErrorCode } from '@retort/contracts';
import { setAlias } from '@retort/registry';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { badRequests, type FuzzRequest } from './support/fuzz-requests.js';
import { type TestApp, testApp } from './support/http-app.js';
import { seedModel } from './support/seed-model.js';

const REQUESTS = 10_000;
/** Requests that are in the air together. */
const TOGETHER = 25;

let test: TestApp;
let roots: string;

beforeAll(async () => {
  roots = await mkdtemp(join(tmpdir(), 'retort-fuzz-'));
  test = await testApp('postgres', { RATE_LIMIT_PER_MINUTE: '0', MODEL_ROOTS: roots });
});
afterAll(async () => {
  await test.close();
  await rm(roots, { recursive: true });
});

/** What every refusal looks like. */
function expectProblem(status: number, type: string | undefined, body: string): void {
  expect(type).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(body);
  expect(problem.status).toBe(status);
  expect(ERRORS[problem.code as ErrorCode].status).toBe(status);
  expect(problem.detail).toBeTypeOf('string');
  expect(body.length).toBeLessThan(50_000);
}

describe('a hostile client', () => {
  it(`gets a problem for each of ${REQUESTS} bad requests, and never a 5xx`, async () => {
    const model = await seedModel(test.context, 'assistant');
    await setAlias(test.context.database, {
      taskName: 'assistant',
      alias: 'champion',
      modelId: model.id,
      changedBy: 'test',
    });
    const { datasetId, teacherId, id } = await test.context.database.prisma.distillation.findFirstOrThrow();
    const known = {
      task: ['assistant'],
      dataset: [datasetId],
      teacher: [teacherId],
      distillation: [id],
      model: [model.id],
      alias: ['champion'],
      key: ['key_0'],
      path: ['config.json'],
    };
    const requests = badRequests(test.app.swagger(), known, [test.keys.admin, test.keys.infer]);
    const refused = new Map<string, number>();
    let total = 0;

    async function send({ operation, method, url, headers, payload }: FuzzRequest): Promise<void> {
      const answer = await test.app.inject({
        method: method as 'GET',
        url,
        headers,
        ...(payload === undefined ? {} : { payload }),
      });
      expect(answer.statusCode, answer.body).toBeLessThan(500);
      // Not everything that was tried turned out to be wrong.
      if (answer.statusCode < 400) return;
      expectProblem(answer.statusCode, String(answer.headers['content-type']), answer.body);
      refused.set(operation, (refused.get(operation) ?? 0) + 1);
      total++;
    }
    while (total < REQUESTS) {
      const runs = Math.ceil((1.02 * (REQUESTS - total)) / TOGETHER);
      const batch = fc.array(requests, { minLength: TOGETHER, maxLength: TOGETHER });
      await fc.assert(
        fc.asyncProperty(batch, async (all) => {
          await Promise.all(all.map(send));
        }),
        { numRuns: runs, endOnFailure: true },
      );
    }
    const operations = Object.values(test.app.swagger().paths ?? {}).flatMap((item) => Object.values(item as object));
    for (const { operationId } of operations) {
      if (['getHealth', 'getReadiness', 'getMetrics'].includes(operationId)) continue;
      expect(refused.get(operationId), operationId).toBeGreaterThan(REQUESTS / 100);
    }
    expect((await test.ask('GET', '/readyz')).status).toBe(200);
    expect((await test.ask('POST', '/infer', { payload: { task: 'assistant', input: 'still there?' } })).status).toBe(
      200,
    );
  }, 120_000);

  it('gets a problem or a closed connection for bytes that are not HTTP', async () => {
    const address = new URL(await test.app.listen({ port: 0, host: '127.0.0.1' }));
    const ask = (bytes: Buffer) =>
      new Promise<string>((resolve) => {
        let text = '';
        const socket = connect(Number(address.port), address.hostname, () => socket.write(bytes));
        // A server that waits for the rest of a request says nothing: then that was it.
        socket.setTimeout(300, () => socket.destroy());
        socket.setEncoding('latin1').on('data', (chunk) => {
          text += chunk;
        });
        socket.on('error', () => {}).on('close', () => resolve(text));
      });
    const valid = Buffer.from(
      `POST /infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${test.keys.infer}\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{"task":"assistant","input":"hello"}`,
    );
    // The first question opens the model.
    await test.ask('POST', '/infer', { payload: { task: 'assistant', input: 'hello' } });
    expect(await ask(valid)).toMatch(/^HTTP\/1.1 200/);
    const replace = fc.constantFrom(
      '\0',
      '\n',
      '\r\n',
      ' ',
      ':',
      '\r\n\r\n',
      'x'.repeat(20_000),
      '\xff\xfe',
      '-1',
      'chunked',
    );
    const broken = fc
      .array(fc.tuple(fc.nat(valid.length), fc.nat(8), replace), { minLength: 1, maxLength: 4 })
      .map((edits) =>
        edits.reduce(
          (bytes, [at, drop, text]) =>
            Buffer.concat([bytes.subarray(0, at), Buffer.from(text, 'latin1'), bytes.subarray(at + drop)]),
          valid,
        ),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(broken, { minLength: TOGETHER, maxLength: TOGETHER }), async (all) => {
        await Promise.all(all.map(check));
      }),
      { numRuns: 16, endOnFailure: true },
    );
    async function check(bytes: Buffer): Promise<void> {
      const text = await ask(bytes);
      if (text === '' || text.startsWith('HTTP/1.1 200')) return;
      const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
      const status = Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]);
      expect(status, text).toBeLessThan(500);
      const first = body.slice(0, Number(/content-length: (\d+)/i.exec(head)?.[1] ?? body.length));
      expectProblem(status, /content-type: (.*)/i.exec(head)?.[1], Buffer.from(first, 'latin1').toString('utf8'));
    }
    expect((await fetch(new URL('/healthz', address))).status).toBe(200);
  });
});
