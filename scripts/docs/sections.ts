/**
 * Puts generated text between the markers of a section, `<!-- NAME: … -->` and `<!-- end of NAME -->`.
 *
 * @throws Error where the markers are missing.
 */
export function replaceSection(page: string, name: string, content: string): string {
  const section = new RegExp(`(<!-- ${name}: [^>]*-->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
  if (!section.test(page)) throw new Error(`The markers of the section "${name}" are lost.`);
  return page.replace(section, (_, start, end) => `${start}\n${content}\n\n${end}`);
}

/** A Markdown table; the first row is the heading. */
export function markdownTable([heading, ...rows]: string[][], align: string[]): string {
  return [heading, align, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
