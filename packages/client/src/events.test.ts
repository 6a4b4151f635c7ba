import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { followEvents, type RetortEvent } from './events.js';

it('pauses before it asks again after a stream that was closed without an event, and goes on after the last one', async () => {
  const asked: { at: number; after: unknown }[] = [];
  const answers = ['', '', 'id: 7\nevent: status\ndata: {"type":"status"}\n\n', undefined];
  const server = createServer((request, response) => {
    asked.push({ at: performance.now(), after: request.headers['last-event-id'] });
    const body = answers[asked.length - 1];
    response.writeHead(body === undefined ? 204 : 200, { 'content-type': 'text/event-stream' }).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const events: RetortEvent[] = [];
    for await (const event of followEvents({ url, headers: {}, fetch }, {})) events.push(event);
    expect(events).toMatchObject([{ id: '7', type: 'status' }]);
    expect(asked.map(({ after }) => after)).toEqual(['0', '0', '0', '7']);
    const waits = asked.slice(1).map(({ at }, i) => at - asked[i]!.at);
    expect(waits[0]).toBeGreaterThan(450);
    expect(waits[1]).toBeGreaterThan(900);
    expect(waits[2]).toBeLessThan(450);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
