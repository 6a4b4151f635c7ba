/**
 * The soft labels of teacher and assistant as one, as logits: their softmax at temperature T is
 *
 *     m·softmax(t/T) + (1 - m)·softmax(a/T)
 *
 * with the teacher's logits t and the assistant's a. Probabilities are averaged, not logits: models differ in the scale of their logits.
 *
 * @param teacher @param assistant `[rows, classes]`, row-major
 * @param options.mix weight m of the teacher, 0..1 @param options.temperature T of the loss that will learn from it
 * @returns `[rows, classes]`: the assistant's own where m is 0
 */
export function mixSoftLabels(
  teacher: Float32Array,
  assistant: Float32Array,
  { classes, mix, temperature }: { classes: number; mix: number; temperature: number },
): Float32Array {
  if (mix === 0) return assistant;
  const mixed = new Float32Array(assistant.length);
  const p = new Float64Array(classes);
  for (let from = 0; from < mixed.length; from += classes) {
    p.fill(0);
    addSoftmax(p, teacher.subarray(from, from + classes), mix, temperature);
    addSoftmax(p, assistant.subarray(from, from + classes), 1 - mix, temperature);
    for (let c = 0; c < classes; c++) mixed[from + c] = temperature * Math.log(Math.max(p[c], Number.MIN_VALUE));
  }
  return mixed;
}

/** Adds `weight`·softmax(logits/T) to `sum`. */
function addSoftmax(sum: Float64Array, logits: Float32Array, weight: number, temperature: number): void {
  const largest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (const value of logits) total += Math.exp((value - largest) / temperature);
  for (const [c, value] of logits.entries()) sum[c] += (weight * Math.exp((value - largest) / temperature)) / total;
}
