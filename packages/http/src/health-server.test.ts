import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { testContext } from '../../../test/support/servers.ts';
import { serveHealth } from './health-server.js';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

it('lets a worker tell its health on WORKER_PORT for as long as it runs', async () => {
  const port = await freePort();
  const context = await testContext('postgres', { WORKER_PORT: String(port) });
  let closed = false;
  const service = await serveHealth(context, {
    close: async () => {
      closed = true;
    },
  });
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
  expect(await (await get('/readyz')).json()).toMatchObject({ status: 'ready', checks: { database: 'ok' } });
  expect(await (await get('/metrics')).text()).toContain('retort_build_info');
  expect((await get('/nothing')).headers.get('content-type')).toContain('application/problem+json');

  await context.database.close();
  const unready = await get('/readyz');
  expect(unready.status).toBe(503);
  expect(await unready.json()).toMatchObject({ code: 'RT_UNAVAILABLE', detail: expect.stringContaining('database') });

  await service.close();
  expect(closed).toBe(true);
  await expect(get('/healthz')).rejects.toThrow();
  await context.close();
});
