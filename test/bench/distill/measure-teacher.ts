import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from '@retort/contracts';
import { answerBytes, labelTexts, measureOutOfScope, type SoftLabelCache } from '@retort/distill';
import { evaluate } from '@retort/learn';
import { countFlops, readModel, sizeOf } from '@retort/onnx';
import { openTeacher } from '@retort/teachers';
import { findModelFile, openTokenizer } from '@retort/text';
import type { Figures } from './cells.ts';
import { inScope, OUT_OF_SCOPE } from './data-sets.ts';

/** Measures a classifier folder on the test rows as a student is measured. */
export async function measureTeacher(dir: string, rows: readonly Row[], cache: SoftLabelCache): Promise<Figures> {
  const tested = rows.filter(({ split }) => split === 'test');
  const inside = inScope(tested);
  const outside = tested.filter(({ label }) => label === OUT_OF_SCOPE);
  const teacher = await openTeacher(dir);
  try {
    const { labels } = teacher;
    const ask = async (asked: readonly Row[]) =>
      (await labelTexts({ teacher, texts: asked.map(({ text }) => text), cache })).logits;
    const logits = await ask(inside);
    const actual = Int32Array.from(inside, ({ label }) => labels.indexOf(label as string));
    const { accuracy, macroF1, ece } = evaluate(logits, actual, labels.length);
    const apart = measureOutOfScope(labels, OUT_OF_SCOPE, { logits, actual, foreignLogits: await ask(outside) });
    return {
      ...{ accuracy, macroF1, calibrationError: ece },
      ...(apart && { outOfScope: apart.figures }),
      bytes: await answerBytes(dir),
      ...(await sizesOf(
        dir,
        inside.map(({ text }) => text),
      )),
    };
  } finally {
    await teacher.close();
  }
}

/** Weights of the graph, and its matrix products for a text of median length. */
async function sizesOf(dir: string, texts: readonly string[]): Promise<Pick<Figures, 'parameters' | 'flops'>> {
  const model = readModel(await readFile(join(dir, await findModelFile(dir))));
  const tokenizer = await openTokenizer(dir);
  const lengths = Int32Array.from(texts, (text) => tokenizer.encode(text).length).sort();
  const shape = [1, lengths[lengths.length >> 1]];
  const shapes = Object.fromEntries(model.graph.inputs.map(({ name }) => [name, shape]));
  const weights = [...model.graph.initializers.values()].filter(({ type }) => type === 'float32');
  return {
    parameters: weights.reduce((sum, { dims }) => sum + sizeOf(dims), 0),
    flops: countFlops(model, shapes).flops,
  };
}
