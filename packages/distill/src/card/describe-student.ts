import type { StudentMetrics, StudentSpec } from '@retort/contracts';

/** The student's shape in words. */
export function describeShape(student: StudentSpec): string {
  if (student.family === 'encoder') {
    const { layers, width, heads, intermediate, initFrom } = student;
    const origin = initFrom ? `, from the teacher's layers ${initFrom.layers.join(', ')}` : '';
    return `a BERT of ${layers} layers, width ${width}, ${heads} heads, feed-forward ${intermediate}${origin}`;
  }
  const { tokens, tokenWidth, minGram, maxGram, buckets, width, hidden } = student;
  const unit = tokens === 'teacher' ? "the teacher's tokens" : 'characters';
  return [
    ...(tokenWidth > 0 ? [`a table of ${unit} of width ${tokenWidth}`] : []),
    `${minGram === maxGram ? minGram : `${minGram}- to ${maxGram}`}-grams of ${unit} in ${buckets} buckets of width ${width}`,
    hidden === 0 ? 'no hidden layer' : `a hidden layer of ${hidden}`,
  ].join(', ');
}

/** What it reads beside the words of its training text; empty without. */
export function describeUnseenTokens({ unseenTokens }: Pick<StudentMetrics, 'unseenTokens'>): string {
  if (unseenTokens === undefined) return '';
  const { added, fit } = unseenTokens;
  return `${added.toLocaleString('en')} tokens that the training text has not, mapped from the teacher's (R² ${fit.toFixed(2)} on others that were held out)`;
}

/** What `tokenizer.json` makes of a text. */
export function describeReading(student: StudentSpec): string {
  const { maxLength } = student;
  return student.family === 'static' && student.tokens === 'characters'
    ? `A token is a character, lower-cased; texts are read up to ${maxLength} characters.`
    : `Texts are read up to ${maxLength} tokens of \`tokenizer.json\`.`;
}
