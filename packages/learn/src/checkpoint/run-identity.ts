/** What decides a run, by the names that a user knows it by; what is large as its SHA-256. */
export type RunIdentity = Record<string, string | number | boolean>;

/** One phrase for everything in which two runs differ; none for the same run. */
export function differences(there: RunIdentity, here: RunIdentity): string[] {
  const names = [...new Set([...Object.keys(there), ...Object.keys(here)])].filter(
    (name) => there[name] !== here[name],
  );
  return names.map((name) => {
    const isDigest = [there[name], here[name]].some((value) => typeof value === 'string' && value.length === 64);
    return isDigest ? `${name} differ` : `${name} is ${there[name] ?? 'unset'} there and ${here[name] ?? 'unset'} here`;
  });
}
