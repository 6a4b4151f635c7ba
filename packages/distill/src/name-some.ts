/** Names in a message before "and n more". */
const NAMED = 5;

/** The first few names, quoted, and how many more there are: for messages about lists of any length. */
export function nameSome(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names
    .slice(0, NAMED)
    .map((name) => JSON.stringify(name))
    .join(', ')}${more}`;
}
