/** The keys of a JSON pointer (RFC 6901) of at least one key, `/loss/temperature` for example. */
export function keysOf(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What `value` has at the pointer; undefined where it has nothing there. */
export function valueAt(value: object, pointer: string): unknown {
  return keysOf(pointer).reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );
}

/** A copy of `value` with another value at the pointer; objects on the way that are missing are made. */
export function withValueAt(value: object, pointer: string, replacement: unknown): object {
  const [key, ...rest] = keysOf(pointer);
  return replaced(value, key, rest, replacement);
}

function replaced(value: unknown, key: string, rest: string[], replacement: unknown): object {
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const [next, ...further] = rest;
  const inner = next === undefined ? replacement : replaced(object[key], next, further, replacement);
  return { ...object, [key]: inner };
}
