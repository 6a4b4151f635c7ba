import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FineTuneSpec, ModelPort, Pooling, TeacherManifest } from '@retort/contracts';
import { type Model, readModel, writeModel } from '@retort/onnx';
import {
  InlineTextModel,
  labelsOf,
  logitsPort,
  openTokenizer,
  readJson,
  type TextModel,
  type Tokenizer,
} from '@retort/text';
import { embeddingOutput, folderPooling } from './embedding-output.js';
import { EMBEDDING, encoderGraph } from './encoder-graph.js';
import { checkFineTuning } from './fine-tuning-task.js';
import { graphFacts } from './graph-facts.js';
import { checkGraphSize } from './graph-size.js';
import { asTeacher, invalidTeacher } from './invalid-teacher.js';
import { describeFiles } from './model-files.js';
import { findTeacherFiles } from './teacher-files.js';
import { tokenTable } from './token-table.js';
import { tokenizerType } from './tokenizer-type.js';

export interface InspectOptions {
  /** Pooling of an encoder, over what the folder says. */
  pooling?: Pooling;
  /** Whether an encoder must be one that can be fine-tuned so. */
  fineTune?: FineTuneSpec;
}

/**
 * Checks a model folder from its files to a trial run, in this process; `inspectModelFolder` does it in a child process, as
 * becomes a model that nobody has vouched for.
 *
 * @throws RetortError `RT_INVALID_TEACHER` naming the file, field, input or output; `RT_TOO_LARGE` for a graph over 2 GiB - 1
 */
export function inspectFolder(dir: string, { pooling, fineTune }: InspectOptions = {}): Promise<TeacherManifest> {
  return asTeacher(async () => {
    const files = await findTeacherFiles(dir);
    await checkGraphSize(dir, files.model);
    const tokenizer = await openTokenizer(dir);
    const config = (await readJson(dir, 'config.json', { optional: true })) ?? {};
    const bytes = await readFile(join(dir, files.model));
    const model = readModel(bytes);
    checkVocabulary(model, tokenizer);
    const { inputs, outputs } = portsOf(model);
    const type = await tokenizerType(dir);
    const described = {
      files: await describeFiles(dir, files.all),
      modelFile: files.model,
      inputs,
      outputs,
      tokenizer: {
        type,
        vocabulary: tokenizer.vocabularySize,
        maxLength: tokenizer.maxLength,
      },
      ...graphFacts(model, type),
    };
    if (isClassifier(outputs, config)) {
      const labels = await checkClassifier(outputs, config);
      const output = logitsPort(outputs.map(asSessionPort), labels.length).name;
      const width = await tryOut(await InlineTextModel.open(tokenizer, bytes), output);
      if (width !== labels.length) {
        throw invalidTeacher(`config.json has ${labels.length} labels, but the model gives ${width} logits.`);
      }
      return { kind: 'onnx-classifier', ...described, labels };
    }
    const embedding = embeddingOutput(outputs, { asked: pooling, folder: await folderPooling(dir) });
    const graph = writeModel(encoderGraph(model, embedding));
    const width = await tryOut(await InlineTextModel.open(tokenizer, graph), EMBEDDING);
    if (fineTune !== undefined) {
      await checkFineTuning(dir, { spec: fineTune, pooling, maxLength: tokenizer.maxLength });
    }
    return { kind: 'onnx-encoder', ...described, embedding: { ...embedding, width } };
  });
}

/** An id beyond the embedding table is an error at the first text that has it, which may be months away. */
function checkVocabulary(model: Model, { vocabularySize, padId }: Tokenizer): void {
  const table = tokenTable(model);
  if (table === undefined) return;
  if (vocabularySize > table.rows) {
    throw invalidTeacher(
      `tokenizer.json has ids up to ${vocabularySize - 1}, but the embedding table "${table.name}" of the model has only ${table.rows} rows: the tokenizer is not the model's.`,
    );
  }
  if (padId >= table.rows) throw invalidTeacher(`The padding token has id ${padId}, beyond the embedding table.`);
}

/** A graph with `logits`, or one whose only output is as wide as `config.json` has labels. */
function isClassifier(outputs: ModelPort[], { id2label }: Record<string, unknown>): boolean {
  if (outputs.some(({ name }) => name === 'logits')) return true;
  const [only] = outputs;
  const labels = typeof id2label === 'object' && id2label !== null ? Object.keys(id2label).length : 0;
  return outputs.length === 1 && only.shape.length === 2 && only.shape[1] === labels;
}

async function checkClassifier(outputs: ModelPort[], config: Record<string, unknown>): Promise<string[]> {
  const logits = outputs.find(({ name }) => name === 'logits');
  if (logits && logits.shape.length !== 2) {
    throw invalidTeacher(
      `The output "logits" of the model has ${logits.shape.length} dimensions: a text classifier gives [batch, labels], this is a token classifier or a language model.`,
    );
  }
  const labels = labelsOf(config);
  if (labels.length < 2) throw invalidTeacher('config.json has one label: a classifier needs at least 2.');
  if (config.problem_type === 'multi_label_classification') {
    throw invalidTeacher('config.json says "multi_label_classification": one label per text is wanted.');
  }
  return labels;
}

/**
 * Runs the model on a short and a longer text together, and on one of the longest that it will be given. Returns the width of
 * its rows.
 */
async function tryOut(model: TextModel, output: string): Promise<number> {
  const { maxLength } = model.tokenizer;
  try {
    const { data, dims } = await model.run(['a', 'to be or not to be'], output);
    await tryLongest(model, output, maxLength);
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw invalidTeacher(`The output "${output}" of the model is ${data[wrong]} for an ordinary text.`);
    return dims[1];
  } finally {
    await model.close();
  }
}

async function tryLongest(model: TextModel, output: string, maxLength: number): Promise<void> {
  try {
    // A letter and a space are at least one token in any tokenizer.
    await model.run(['a '.repeat(maxLength)], output);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidTeacher(
      `The model fails on a text of ${maxLength} tokens, the most that its tokenizer gives: set "model_max_length" of tokenizer_config.json to the length that the model was made for. ${reason}`,
      error,
    );
  }
}

function portsOf({ graph }: Model): { inputs: ModelPort[]; outputs: ModelPort[] } {
  const port = ({ name, type, shape }: Model['graph']['inputs'][number]): ModelPort => ({
    name,
    type,
    shape: shape ?? [],
  });
  return { inputs: graph.inputs.map(port), outputs: graph.outputs.map(port) };
}

function asSessionPort({ name, type, shape }: ModelPort) {
  return { name, type: type as Model['graph']['inputs'][number]['type'], shape };
}
