import type { Selection } from '@retort/contracts';

/** The part of a model card that tells how the spec was found; nothing where there was no search. */
export function selectionSection(selection: Selection | undefined): string {
  if (selection === undefined) return '';
  const { method, metric, trials, failed, front, chosen, reason, validationRows } = selection;
  const rows = front.map(({ index, student, value, epochs, latencyMs, bytes }) => {
    const shape =
      student.family === 'encoder' ? `${student.layers} layers, width ${student.width}` : `width ${student.width}`;
    const mark = index === chosen.index ? ' **(this student)**' : '';
    return `| ${student.family}, ${shape}${mark} | ${(100 * value).toFixed(1)}% | ${epochs} | ${latencyMs.toFixed(3)} ms | ${(bytes / 1e6).toFixed(2)} MB |`;
  });
  const varied = Object.entries(chosen.varied).map(([field, value]) => `\`${field}\` = ${value}`);
  return `
## How it was chosen

By a search (${method}) of ${trials} trials${failed > 0 ? `, ${failed} of which failed or were stopped` : ''}, compared on ${validationRows} validation rows; none of them
saw the test split. ${reason} Its ${varied.join(', ')}.

| no other candidate beats these in ${metric}, latency and size at once | ${metric} (validation) | epochs | one text | size |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
