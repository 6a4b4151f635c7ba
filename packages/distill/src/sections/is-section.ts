/** A section of a spec before it is checked. */
export type Section = Record<string, unknown>;

/** Whether a value may be a section: an object that is no list. */
export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
