import { Writable } from 'node:stream';
import type { Progress } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import { ProgressLines } from './progress-lines.js';

/** A stream that keeps what is written, as a terminal or a pipe. */
class Screen extends Writable {
  text = '';
  readonly columns = 80;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  cursorTo(): boolean {
    this.text += '\r';
    return true;
  }

  clearLine(): boolean {
    return true;
  }
}

const at = (stage: Progress['stage'], done: number): Progress => ({
  stage,
  done,
  total: 2000,
  ratePerSecond: 100,
  secondsLeft: (2000 - done) / 100,
});

function show(screen: Screen, ...progress: Progress[]): string {
  const lines = new ProgressLines(screen as unknown as NodeJS.WriteStream);
  for (const each of progress) lines.show(each);
  lines.end();
  lines.end();
  return screen.text;
}

describe('progress lines', () => {
  const steps = [at('labelling', 0), at('labelling', 1000), at('labelling', 2000), at('training', 500)];

  it('stand once per stage in a pipe, at its last state', () => {
    const lines = show(new Screen(false), ...steps)
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => line.replace(/ +/g, ' ').trim())).toEqual([
      'labelling ━━━━━━━━━━━━━━━━━━━━━━━━ 2,000/2,000 100/s in 20 s',
      'training ━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 500/2,000 100/s 15 s left',
    ]);
  });

  it('are rewritten in place on a terminal, never wider than it', () => {
    const text = show(new Screen(true), ...steps.map((step) => ({ ...step, note: 'x'.repeat(200) })));
    expect(text.split('\n').length).toBe(3);
    for (const line of text.split(/[\r\n]/)) expect(line.length).toBeLessThan(80);
  });
});
