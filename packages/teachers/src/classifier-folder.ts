import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Model, writeModel } from '@retort/onnx';
import { readJson } from '@retort/text';
import { findTeacherFiles } from './teacher-files.js';

/**
 * Writes the folder of a classifier that was made of an encoder: one graph, the encoder's tokenizer, and a `config.json` with
 * the labels, which `pipeline('text-classification')` of Hugging Face runtimes loads. Files of the same names are overwritten.
 *
 * @param model from the encoder's inputs to `logits`
 */
export async function writeClassifierFolder(
  outDir: string,
  { encoderDir, model, labels }: { encoderDir: string; model: Model; labels: readonly string[] },
): Promise<void> {
  const { all } = await findTeacherFiles(encoderDir);
  await mkdir(join(outDir, 'onnx'), { recursive: true });
  await writeFile(join(outDir, 'onnx/model.onnx'), writeModel(model));
  for (const path of ['tokenizer.json', 'tokenizer_config.json']) {
    if (all.includes(path)) await copyFile(join(encoderDir, path), join(outDir, path));
  }
  const config = (await readJson(encoderDir, 'config.json', { optional: true })) ?? {};
  await writeFile(join(outDir, 'config.json'), `${JSON.stringify(classifierConfig(config, labels), null, 2)}\n`);
}

/** The encoder's `config.json` as a sequence classifier's: to Hugging Face runtimes a BERT, whose inputs and output it has. */
function classifierConfig(encoder: Record<string, unknown>, labels: readonly string[]): object {
  return {
    ...encoder,
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    ...(encoder.model_type === undefined ? {} : { encoder_model_type: encoder.model_type }),
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}
