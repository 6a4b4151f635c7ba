const COLOURS: Record<string, number> = { fatal: 35, error: 31, warn: 33, info: 32, debug: 36, trace: 90 };
const HIDDEN = new Set(['level', 'time', 'name', 'service', 'msg', 'pid', 'hostname', 'err']);

/** Turns pino's JSON lines into `12:34:56 info  api  message  key=value` for a terminal. */
export function prettyStream(destination: { write(line: string): unknown }): { write(line: string): void } {
  return {
    write(line) {
      destination.write(`${format(line)}\n`);
    },
  };
}

function format(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line.trimEnd();
  }
  const level = String(entry.level);
  const fields = Object.entries(entry)
    .filter(([key, value]) => !HIDDEN.has(key) && value !== undefined)
    .map(([key, value]) => dim(`${key}=`) + (typeof value === 'string' ? value : JSON.stringify(value)));
  const error = entry.err as { stack?: string; message?: string } | undefined;
  const parts = [
    dim(String(entry.time).slice(11, 19)),
    paint(COLOURS[level] ?? 0, level.padEnd(5)),
    String(entry.service ?? '').padEnd(9),
    String(entry.msg ?? ''),
    ...fields,
  ];
  return parts.join(' ').trimEnd() + (error ? `\n${error.stack ?? error.message}` : '');
}

const paint = (colour: number, text: string) => `\u001b[${colour}m${text}\u001b[0m`;
const dim = (text: string) => paint(90, text);
