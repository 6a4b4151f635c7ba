/**
 * What a static spec gets besides its schema's defaults when its n-grams are of the teacher's tokens: pairs of tokens beside the tokens
 * themselves, where of characters it has all n-grams of 2 to 5. A token says as much as a word, and a text has a tenth as many.
 */
export function staticDefaults(student: Record<string, unknown>): Record<string, unknown> {
  if (student.tokens !== 'teacher') return {};
  return { tokenWidth: 256, minGram: 2, maxGram: 2, hidden: 1024, maxLength: 128 };
}
