import { parse as parseCsv } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReadOptions, type ReadRow, readRows } from './rows.js';
import { assignSplit } from './split.js';

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

async function read(input: Uint8Array | string, options: ReadOptions, chunk = 7): Promise<ReadRow[]> {
  const data = Buffer.from(input as string);
  const chunks = Array.from({ length: Math.ceil(data.length / chunk) }, (_, i) =>
    data.subarray(i * chunk, (i + 1) * chunk),
  );
  const rows: ReadRow[] = [];
  for await (const row of readRows(chunks, options)) rows.push(row);
  return rows;
}

const jsonl = (input: Uint8Array | string, limits = {}) => read(input, { format: 'jsonl', limits });
const csv = (input: Uint8Array | string, limits = {}) => read(input, { format: 'csv', limits });

describe('readRows of JSONL', () => {
  it('reads rows with or without label and split, past a byte order mark, CRLF, empty lines and other keys', async () => {
    const input =
      '\ufeff{"text":"hello","label":"greet","split":"dev"}\r\n\r\n{"text":" 你好 ","label":null,"slots":[1]}\n{"text":"end"}';
    expect(await jsonl(input)).toEqual([
      { line: 1, row: { text: 'hello', label: 'greet', split: 'valid' } },
      { line: 3, row: { text: ' 你好 ', split: assignSplit('你好') } },
      { line: 4, row: { text: 'end', split: assignSplit('end') } },
    ]);
  });

  it.each([
    ['{"text":""}', 'text is empty'],
    ['{"text":" \\n\\u200b"}', 'text has nothing but white space or control characters'],
    ['{"label":"x"}', 'text is missing'],
    ['{"text":7}', 'text must be a string, not a number'],
    ['{"text":"a\\u0000"}', 'text contains a NUL character at position 1'],
    ['{"text":"ab\\ud800"}', 'text is not valid Unicode: a lone surrogate at position 2'],
    ['{"text":"12345678901"}', 'text is longer than the limit of 10 characters'],
    ['{"text":"a","label":""}', 'label is empty'],
    ['{"text":"a","label":3}', 'label must be a string, not a number'],
    ['{"text":"a","label":"x\\ny"}', 'label contains a control character'],
    ['{"text":"a","split":"holdout"}', 'split must be train, valid or test, not "holdout"'],
    ['["a"]', 'line is not a JSON object with a "text"'],
    ['{"text":"a"', 'line is not valid JSON: write one object per line'],
    [bytes('{"text":"', [0xc3, 0x28], '"}'), 'line is not valid UTF-8'],
    [`{"text":"a","x":"${'x'.repeat(100)}"}`, 'line is longer than the limit of 99 bytes'],
  ])('rejects %s alone', async (line, reason) => {
    const good = '{"text":"😀😀😀😀😀😀😀😀😀😀"}';
    const rows = await jsonl(bytes(`${good}\n`, [...Buffer.from(line)], `\n${good}`), {
      maxCharacters: 10,
      maxLineBytes: 99,
    });
    expect(rows[1]).toEqual({ line: 2, reason });
    expect(rows.map((row) => 'row' in row)).toEqual([true, false, true]);
  });

  it.each([
    [[0xff, 0xfe, 0x7b, 0x00], 'UTF-16'],
    [[0x1f, 0x8b, 8, 0], 'compressed'],
  ])('refuses a stream that begins with bytes %j', async (head, reason) => {
    await expect(jsonl(bytes(head))).rejects.toThrow(reason);
  });
});

describe('readRows of CSV', () => {
  it('reads quoted commas, quotes and line breaks, and counts lines', async () => {
    const input =
      '\ufeffLabel,text,split\r\ngreet,"hello, ""you""",test\r\n\r\n,"two\r\nlines",VAL\r\nb,5" pipe,train\r\n';
    expect(await csv(input)).toEqual([
      { line: 2, row: { text: 'hello, "you"', label: 'greet', split: 'test' } },
      { line: 4, row: { text: 'two\nlines', split: 'valid' } },
      { line: 6, row: { text: '5" pipe', label: 'b', split: 'train' } },
    ]);
  });

  it('rejects bad records alone and goes on after an open quote', async () => {
    const input = bytes('text,label\na,b,c\n"x" y,l\n', [0xff], ',l\n"open,l\n', `${'z'.repeat(60)},l\nlast,l`);
    expect(await csv(input, { maxLineBytes: 64 })).toEqual([
      { line: 2, reason: 'record has 3 fields, the header has 2: quote a text that contains commas' },
      { line: 3, reason: 'record has text after a closing quote (column 4): write a quote inside quotes as ""' },
      { line: 4, reason: 'record is not valid UTF-8' },
      { line: 5, reason: expect.stringMatching(/longer than the limit of 64 bytes.*lines 5 to 6 were skipped/) },
      { line: 7, row: { text: 'last', label: 'l', split: 'train' } },
    ]);
    expect((await csv('text\n"never closed')).at(-1)).toEqual({
      line: 2,
      reason: 'record has a quote that is never closed',
    });
  });

  it.each([
    ['', 'is empty'],
    ['utterance,intent\na,b', 'it has "utterance", "intent"'],
    ['text,text\na,b', 'names the column "text" twice'],
  ])('refuses %j as a whole', async (input, reason) => {
    await expect(csv(input)).rejects.toThrow(
      expect.objectContaining({ code: 'RT_INVALID_DATASET', message: expect.stringContaining(reason) }),
    );
  });

  it('agrees with csv-parse on any well-formed file, however it is cut into chunks', async () => {
    const field = fc
      .string({ unit: fc.constantFrom(...'ab ,"\n\'é'), minLength: 1, maxLength: 8 })
      .filter((s) => /\S/.test(s));
    const records = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 1, max: 20 }), async (rows, chunk) => {
        const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
        const input = `text,note\n${rows.map((row) => row.map(quoted).join(',')).join('\n')}\n`;
        const theirs = parseCsv(input, { columns: true }) as { text: string }[];
        const ours = await read(input, { format: 'csv' }, chunk);
        expect(ours.map((row) => 'row' in row && row.row.text)).toEqual(theirs.map(({ text }) => text));
      }),
      { numRuns: 300 },
    );
  });
});

describe('readRows on a long stream', () => {
  it.each(['jsonl', 'csv'] as const)('holds no more memory after 100 MB of %s than at the start', async (format) => {
    const rows = Array.from({ length: 1000 }, (_, i) =>
      format === 'csv'
        ? `"text, number ${i} ${'x'.repeat(900)}",label`
        : `{"text":"text number ${i} ${'x'.repeat(900)}","label":"label"}`,
    );
    const chunk = Buffer.from(`${rows.join('\n')}\n`);
    const chunks = Math.ceil(100e6 / chunk.length);
    let peak = 0;
    async function* stream() {
      if (format === 'csv') yield Buffer.from('text,label\n');
      for (let i = 0; i < chunks; i++) {
        if (i % 10 === 0) peak = Math.max(peak, process.memoryUsage.rss());
        yield chunk;
      }
      // A line of 40 MB is skipped, not held.
      for (let i = 0; i < 40; i++) yield Buffer.alloc(1e6, 'y');
      peak = Math.max(peak, process.memoryUsage.rss());
    }
    const before = process.memoryUsage.rss();
    let count = 0;
    let rejected = 0;
    for await (const row of readRows(stream(), { format })) 'row' in row ? count++ : rejected++;
    expect({ count, rejected }).toEqual({ count: chunks * 1000, rejected: 1 });
    expect(peak - before).toBeLessThan(80e6);
  });
});
