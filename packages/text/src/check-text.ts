import { MAX_TEXT_CHARACTERS, RetortError } from '@retort/contracts/values';

export interface TextLimits {
  /** Longest accepted text in characters (Unicode code points), at least 1. Default {@link MAX_TEXT_CHARACTERS}. */
  maxCharacters?: number;
}

const LONE_SURROGATE = /\p{Surrogate}/u;
/** Anything that a reader would see. Unassigned code points count: they may be newer than this Node's Unicode tables. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Cs}]/u;

/**
 * Why a value cannot be a text that Retort reads, or undefined where it can. The one rule for every door: dataset rows,
 * HTTP bodies, the command line. Cheap enough for each request (about 0.1 µs for a short text).
 */
export function textProblem(
  value: unknown,
  { maxCharacters = MAX_TEXT_CHARACTERS }: TextLimits = {},
): string | undefined {
  if (typeof value !== 'string') return `must be a string, not ${describe(value)}`;
  // A character is one or two UTF-16 units, so the unit count decides all but a narrow band without a scan.
  if (value.length > maxCharacters && (value.length > 2 * maxCharacters || countCharacters(value) > maxCharacters)) {
    return `is longer than the limit of ${maxCharacters} characters`;
  }
  const surrogate = value.search(LONE_SURROGATE);
  if (surrogate >= 0) return `is not valid Unicode: a lone surrogate at position ${surrogate}`;
  const nul = value.indexOf('\0');
  if (nul >= 0) return `contains a NUL character at position ${nul}`;
  if (value.length === 0) return 'is empty';
  if (!VISIBLE.test(value)) return 'has nothing but white space or control characters';
  return undefined;
}

/**
 * Returns `value` as a text, or says what is wrong with it.
 *
 * @param field what the error calls it, for example `inputs/3`; default `text`
 * @throws RetortError `RT_INVALID_TEXT` for a text that is no string, empty or blank, over the limit, holds a lone
 * surrogate (bytes that were not UTF-8 often end so) or a NUL
 */
export function checkText(value: unknown, limits: TextLimits & { field?: string } = {}): string {
  const problem = textProblem(value, limits);
  if (problem !== undefined) {
    const field = limits.field ?? 'text';
    throw new RetortError('RT_INVALID_TEXT', `The ${field} ${problem}.`, {
      problems: [{ path: `/${field}`, message: problem }],
    });
  }
  return value as string;
}

function countCharacters(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // The second half of a pair is not counted.
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++;
    count++;
  }
  return count;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return value === undefined ? 'missing' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
