import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { coalesce } from './coalesce.js';

interface Value {
  stage: string;
  done: number;
}

function recorder(write: (value: Value) => Promise<void> = async () => undefined) {
  const written: Value[] = [];
  const errors: unknown[] = [];
  const coalesced = coalesce<Value>({
    intervalMs: 60,
    key: ({ stage }) => stage,
    write: async (value) => {
      await write(value);
      written.push(value);
    },
    onError: (error) => errors.push(error),
  });
  return { written, errors, ...coalesced };
}

it('writes few of many values, never out of order, and the last of each stage for sure', async () => {
  const { written, push, flush } = recorder(() => sleep(2));
  for (const stage of ['training', 'evaluating']) {
    for (let done = 1; done <= 50; done++) {
      push({ stage, done });
      await sleep(2);
    }
  }
  await flush();
  expect(written.length).toBeLessThan(12);
  expect(written.filter(({ done }) => done === 50).map(({ stage }) => stage)).toEqual(['training', 'evaluating']);
  const order = written.map(({ stage, done }) => (stage === 'training' ? 0 : 100) + done);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});

it('goes on after a write that failed', async () => {
  let first = true;
  const { written, errors, push, flush } = recorder(async () => {
    if (first) {
      first = false;
      throw new Error('no database');
    }
  });
  push({ stage: 'training', done: 1 });
  await flush();
  push({ stage: 'training', done: 2 });
  await flush();
  expect(errors).toHaveLength(1);
  expect(written).toEqual([{ stage: 'training', done: 2 }]);
});
