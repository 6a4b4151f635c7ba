import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DataType, floats, GraphBuilder, type Tensor, type TensorData, writeModel } from '@retort/onnx';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ModelSession, openSession } from './index.js';
import { runInChild } from './run-in-child.js';
import { entryOf, ThreadHost } from './thread-host.js';

/** y = 2x over any rank-2 input of a type, and z = x. */
function doubler(type: DataType, two: TensorData): Uint8Array {
  const b = new GraphBuilder();
  const x = b.input('x', type, ['rows', null]);
  b.add('Mul', [x, b.constant({ type, dims: [], data: two })], { outputs: ['y'] });
  b.add('Identity', [x], { outputs: ['z'] });
  b.output('y', type, ['rows', null]);
  b.output('z', type, ['rows', null]);
  return writeModel(b.build());
}

/** Counts to `n` in a Loop: a run whose length the caller chooses. */
function slow(): Uint8Array {
  const body = new GraphBuilder({ name: 'body' });
  body.input('i', 'int64', []);
  body.input('go', 'bool', []);
  body.input('carried', 'float32', [256, 256]);
  body.add('Identity', ['go'], { outputs: ['go_on'] });
  body.add('MatMul', ['carried', 'carried'], { outputs: ['next'] });
  body.output('go_on', 'bool', []);
  body.output('next', 'float32', [256, 256]);
  const b = new GraphBuilder();
  b.input('n', 'int64', []);
  b.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) }, 'true');
  const attributes = { body: { kind: 'graph', value: body.graph } as const };
  b.add('Loop', ['n', 'true', b.constant(floats([256, 256]))], { outputs: ['out'], attributes });
  b.output('out', 'float32', [256, 256]);
  return writeModel(b.build());
}

const times = (n: number): Record<string, Tensor> => ({
  n: { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(n)) },
});

/** What a built worker imports: the tests themselves run from source. */
const runtime = join(dirname(entryOf('@retort/runtime/worker', import.meta.url)), 'index.js');
const folder = mkdtempSync(join(tmpdir(), 'retort-runtime-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('outputs into given tensors', () => {
  it('are written there, whatever else is asked for, run after run', async () => {
    const session = await openSession(doubler('float32', Float32Array.of(2)), { placement: 'inline' });
    const memory = new Float32Array(8);
    const y: Tensor = { type: 'float32', dims: [2, 2], data: memory.subarray(2, 6) };
    for (const value of [1, 5]) {
      const x = floats([2, 2], [value, 2, 3, 4]);
      const results = await session.run({ x }, { outputs: ['z', 'y'], into: { y } });
      expect(results.y).toBe(y);
      expect([...memory]).toEqual([0, 0, 2 * value, 4, 6, 8, 0, 0]);
      expect([...(results.z.data as Float32Array)]).toEqual([value, 2, 3, 4]);
    }
    await session.close();
  });

  it('are refused where they do not fit', async () => {
    const session = await openSession(doubler('float32', Float32Array.of(2)), { placement: 'inline' });
    const run = session.run({ x: floats([2, 2]) }, { into: { y: floats([3, 2]) } });
    await expect(run).rejects.toMatchObject({ code: 'RT_INVALID_MODEL' });
    await session.close();
  });
});

describe.each(['inline', 'thread'] as const)('a session with placement %s', (placement) => {
  let session: ModelSession;
  beforeAll(async () => {
    session = await openSession(doubler('float32', Float32Array.of(2)), { placement });
  });
  afterAll(() => session.close());

  it('knows the inputs and outputs of its model', () => {
    expect(session.inputs).toEqual([{ name: 'x', type: 'float32', shape: ['rows', null] }]);
    expect(session.outputs.map(({ name }) => name)).toEqual(['y', 'z']);
  });

  it('computes what the graph says for any shape, leaves the feeds alone and gives each caller its own', async () => {
    const run = fc.record({
      rows: fc.integer({ min: 0, max: 5 }),
      columns: fc.integer({ min: 0, max: 5 }),
      offset: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 6 }), async (runs) => {
        await Promise.all(
          runs.map(async ({ rows, columns, offset }, r) => {
            // A view into a larger buffer must not drag its neighbours along.
            const data = Float32Array.from({ length: offset + rows * columns }, (_, i) => i + r).subarray(offset);
            const before = data.slice();
            const { y, z } = await session.run({ x: { type: 'float32', dims: [rows, columns], data } });
            expect(data).toEqual(before);
            expect(z).toEqual({ type: 'float32', dims: [rows, columns], data: before });
            expect(y.data).toEqual(before.map((value) => 2 * value));
            (y.data as Float32Array).fill(-1);
            expect(data).toEqual(before);
          }),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('computes only the outputs that are asked for', async () => {
    expect(Object.keys(await session.run({ x: floats([1, 1], [3]) }, { outputs: ['y'] }))).toEqual(['y']);
  });

  it.each([
    ['float64', Float64Array.of(2), Float64Array.of(1.5, -1)],
    ['int32', Int32Array.of(2), Int32Array.of(7, -1)],
    ['int64', BigInt64Array.of(2n), BigInt64Array.of(7n, -(2n ** 40n))],
    ['uint64', BigUint64Array.of(2n), BigUint64Array.of(7n, 2n ** 40n)],
    ['float16', Uint16Array.of(0x4000), Uint16Array.of(0x3c00, 0xbc00)],
  ] as [DataType, TensorData, TensorData][])('carries %s', async (type, two, data) => {
    const other = await openSession(doubler(type, two), { placement });
    const { z, y } = await other.run({ x: { type, dims: [1, 2], data } });
    expect(z).toEqual({ type, dims: [1, 2], data });
    expect(y.type).toBe(type);
    await other.close();
  });

  it.each([
    ['a feed is missing', {}, "input 'x' is missing"],
    ['a shape does not fit', { x: floats([1], [1]) }, 'Invalid rank'],
    [
      'a type does not fit',
      { x: { type: 'int32', dims: [1, 1], data: Int32Array.of(1) } },
      'Unexpected input data type',
    ],
    ['the data do not fit the dims', { x: { type: 'float32', dims: [2, 2], data: new Float32Array(3) } }, 'feed "x"'],
  ] as [string, Record<string, Tensor>, string][])('says so when %s', async (_, feeds, message) => {
    await expect(session.run(feeds)).rejects.toMatchObject({
      code: 'RT_INVALID_MODEL',
      message: expect.stringContaining(message),
    });
  });

  it('answers the runs it accepted before close, and none after', async () => {
    const closing = await openSession(slow(), { placement });
    const runs = Array.from({ length: 5 }, () => closing.run(times(3)));
    await Promise.all([closing.close(), closing.close()]);
    expect(await Promise.all(runs.map((run) => run.then(({ out }) => out.dims)))).toEqual(Array(5).fill([256, 256]));
    await expect(closing.run(times(1))).rejects.toMatchObject({ code: 'RT_UNAVAILABLE' });
  });

  it('drops a run whose signal aborts', async () => {
    const aborted = session.run({ x: floats([1, 1]) }, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'RT_CANCELLED' });
  });
});

describe('a hostile or broken model gives an error and leaves the process alone', () => {
  it.each(['inline', 'thread'] as const)('%s, bytes mutated at random', async (placement) => {
    const bytes = doubler('float32', Float32Array.of(2));
    const edit = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    const feeds = { x: floats([1, 2], [1, 2]) };
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        const mutated = bytes.slice();
        for (const { at, value } of edits) mutated[at] = value;
        try {
          const session = await openSession(mutated, { placement });
          await session.run(feeds).finally(() => session.close());
        } catch (error) {
          expect(error).toMatchObject({ code: 'RT_INVALID_MODEL' });
        }
      }),
      { numRuns: placement === 'inline' ? 300 : 8 },
    );
  });

  it('an allocation that cannot be had', async () => {
    const b = new GraphBuilder();
    b.add('ConstantOfShape', [b.input('n', 'int64', [1])], { outputs: ['y'] });
    b.output('y', 'float32', [null]);
    const session = await openSession(writeModel(b.build()));
    const run = (n: bigint) => session.run({ n: { type: 'int64', dims: [1], data: BigInt64Array.of(n) } });
    await expect(run(2n ** 45n)).rejects.toMatchObject({ code: 'RT_INVALID_MODEL' });
    expect((await run(2n)).y.dims).toEqual([2]);
    await session.close();
  });
});

describe('a session in a thread', () => {
  it('leaves the event loop free during a long run, and drops the runs that wait when their signal aborts', async () => {
    const session = await openSession(slow());
    const controller = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const long = session.run(times(600));
    const dropped = Array.from({ length: 5 }, () => session.run(times(600), { signal: controller.signal }));
    setTimeout(() => controller.abort(), 10);
    const begun = performance.now();
    const settled = await Promise.allSettled(dropped);
    expect(settled.every((run) => run.status === 'rejected' && run.reason.code === 'RT_CANCELLED')).toBe(true);
    await long;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan((performance.now() - begun) / 25);
    await session.close();
  });
});

describe('ThreadHost', () => {
  const entry = join(folder, 'worker.mjs');
  beforeAll(() => {
    writeFileSync(
      entry,
      `import { serveThread } from ${JSON.stringify(runtime)};
       await serveThread(async (init) => {
         if (init === 'refuse') throw Object.assign(new TypeError('refused'));
         if (init === 'exit') process.exit(3);
         return {
           ready: init,
           async handle(request) {
             if (request === 'exit') process.exit(3);
             if (request === 'throw later') setTimeout(() => { throw new Error('boom'); });
             if (request === 'throw later') await new Promise(() => {});
             if (request === 'fail') throw new Error('failed');
             return { response: request };
           },
           async close() {},
         };
       });`,
    );
  });

  it.each(['exit', 'throw later'])(
    'replaces a worker that dies (%s) and rejects only what was in it',
    async (death) => {
      const host = await ThreadHost.open<string, string, unknown, unknown>({ entry, init: 'hello' });
      expect(host.ready).toBe('hello');
      const calls = await Promise.allSettled([1, death, 2, 3, 4].map((request) => host.call(request)));
      const lost = calls.map((call) => (call.status === 'rejected' ? call.reason.code : call.value));
      // One is answered, two were in the worker, two waited for the next. On a busy machine the second of the two may be answered too.
      const second = death === 'exit' || lost[2] !== 2 ? 'RT_WORKER_LOST' : 2;
      expect(lost).toEqual([1, 'RT_WORKER_LOST', second, 3, 4]);
      expect(await host.call(5)).toBe(5);
      await expect(host.call('fail')).rejects.toThrow('failed');
      await host.close();
    },
  );

  it('says why a worker could not start', async () => {
    await expect(ThreadHost.open({ entry, init: 'refuse' })).rejects.toThrow('refused');
    await expect(ThreadHost.open({ entry, init: 'exit' })).rejects.toMatchObject({ code: 'RT_WORKER_LOST' });
    await expect(ThreadHost.open({ entry: join(folder, 'absent.mjs'), init: 0 })).rejects.toMatchObject({
      code: 'RT_WORKER_LOST',
    });
  });
});

describe('runInChild', () => {
  const entry = join(folder, 'child.mjs');
  beforeAll(() => {
    writeFileSync(
      entry,
      `import { answerParent } from ${JSON.stringify(runtime)};
       answerParent(async (request) => {
         if (request === 'crash') process.kill(process.pid, 'SIGSEGV');
         if (request === 'hang') for (;;);
         if (request === 'fail') throw new Error('failed');
         if (request === 'secret') return process.env.RETORT_TEST_SECRET;
         return [request];
       });`,
    );
  });
  const run = (request: string, more = {}) =>
    runInChild({ entry, request, timeoutMs: 20_000, what: 'The test', ...more });

  it('gives the answer or the error, outlives a crash and stops what does not end', async () => {
    expect(await run('x')).toEqual(['x']);
    process.env.RETORT_TEST_SECRET = 'secret';
    expect(await run('secret')).toBeUndefined();
    await expect(run('fail')).rejects.toThrow('failed');
    await expect(run('crash')).rejects.toThrow('The test crashed the process that tried it (SIGSEGV).');
    await expect(run('hang', { timeoutMs: 1000 })).rejects.toThrow('The test took longer than 1 s and was stopped.');
    await expect(run('hang', { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ code: 'RT_CANCELLED' });
  });
});
