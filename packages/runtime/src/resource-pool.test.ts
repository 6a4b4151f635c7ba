import { describe, expect, it } from 'vitest';
import { ResourcePool } from './resource-pool.js';

class Model {
  readonly name: string;
  closed = false;

  constructor(name: string) {
    this.name = name;
  }

  async close() {
    this.closed = true;
  }
}

const setUp = (capacity: number, idleMs?: number) => {
  const opened: Model[] = [];
  const pool = new ResourcePool<Model>({ capacity, ...(idleMs === undefined ? {} : { idleMs }) });
  const use = <T>(key: string, work: (model: Model) => Promise<T>) =>
    pool.use(
      key,
      async () => {
        const model = new Model(key);
        opened.push(model);
        return model;
      },
      work,
    );
  return { opened, pool, use };
};
const name = async (model: Model) => model.name;
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('ResourcePool', () => {
  it('opens once for concurrent users', async () => {
    const { opened, use } = setUp(2);
    expect(await Promise.all([use('a', name), use('a', name), use('a', name)])).toEqual(['a', 'a', 'a']);
    expect(opened).toHaveLength(1);
  });

  it('closes a retired resource only after its last user', async () => {
    const { opened, pool, use } = setUp(2);
    let finish = () => {};
    const busy = use('a', async (model) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return model.closed;
    });
    await turn();
    pool.retire('a');
    await use('a', name);
    await turn();
    expect(opened.map(({ closed }) => closed)).toEqual([false, false]);
    finish();
    expect(await busy).toBe(false);
    await turn();
    expect(opened.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it('closes the longest unused beyond its capacity', async () => {
    const { opened, pool, use } = setUp(2);
    for (const key of ['a', 'b', 'a', 'c']) {
      await use(key, name);
      await turn();
    }
    expect(pool.keys.sort()).toEqual(['a', 'c']);
    expect(opened.find((model) => model.name === 'b')?.closed).toBe(true);
  });

  it('forgets what failed to open', async () => {
    const pool = new ResourcePool<Model>({ capacity: 1 });
    const fail = () => pool.use('a', () => Promise.reject(new Error('no file')), name);
    await expect(Promise.all([fail(), fail()])).rejects.toThrow('no file');
    expect(await pool.use('a', async () => new Model('a'), name)).toBe('a');
  });

  it('closes what is idle, and everything at the end', async () => {
    const { opened, pool, use } = setUp(5, 20);
    await use('a', name);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(opened[0].closed).toBe(true);
    const last = use('b', async (model) => {
      await turn();
      return model.closed;
    });
    await turn();
    await pool.close();
    expect(await last).toBe(false);
    expect(opened.at(-1)?.closed).toBe(true);
    await expect(use('c', name)).rejects.toThrow('closed');
  });
});
