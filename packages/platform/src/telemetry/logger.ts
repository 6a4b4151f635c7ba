import { type Logger, pino } from 'pino';
import { prettyStream } from './pretty-stream.js';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** Name of the service, on every line. */
  name: string;
  /** LOG_LEVEL. Default `info`. */
  level?: string;
  /** Where lines go. Default: standard output. */
  destination?: { write(line: string): unknown };
  /** Readable lines instead of JSON. Default: when the destination is a terminal. */
  pretty?: boolean;
}

/** API keys wherever they stand, and the passwords of URLs: no code path has to remember to leave them out. */
const SECRETS = [
  { pattern: /\brt_[A-Za-z0-9_-]{43}/g, replacement: 'rt_[redacted]' },
  { pattern: /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s/@"]+@/g, replacement: '$1:[redacted]@' },
] as const;

/** Removes API keys (`rt_…`) and the passwords in URLs from a text. */
export function redact(text: string): string {
  return SECRETS.reduce((redacted, { pattern, replacement }) => redacted.replace(pattern, replacement), text);
}

/** A logger writing one JSON object a line (readable text on a terminal), free of keys and passwords. */
export function createLogger({ name, level = 'info', destination = process.stdout, pretty }: LoggerOptions): Logger {
  const readable = pretty ?? (destination as { isTTY?: boolean }).isTTY === true;
  return pino(
    {
      name,
      level,
      base: { service: name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['authorization', '*.authorization', 'req.headers.authorization', 'password', '*.password', 'apiKey'],
        censor: '[redacted]',
      },
      hooks: { streamWrite: redact },
    },
    readable ? prettyStream(destination) : destination,
  );
}
