import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readEventStream } from './event-stream.js';

const collect = async (chunks: Uint8Array[]) => {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const events = [];
  for await (const event of readEventStream(stream)) events.push(event);
  return events;
};

it('reads events however the stream is cut, and skips comments', async () => {
  const text =
    'retry: 1000\n\nid: 1\nevent: status\ndata: {"a":"é😀"}\n\n: still here\n\nid: 2\r\ndata: x\r\ndata: y\r\n\r\nid: 3\ndata: cut';
  const bytes = new TextEncoder().encode(text);
  const expected = [
    { id: '1', name: 'status', data: '{"a":"é😀"}' },
    { id: '2', name: 'message', data: 'x\ny' },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      expect(await collect(at.slice(1).map((end, i) => bytes.slice(at[i], end)))).toEqual(expected);
    }),
  );
});
