import { listModelFiles } from '@retort/teachers';
import { findServedFile } from '@retort/text';

/**
 * Bytes of the files that answering needs: the graph, the tokenizer, the labels.
 *
 * @param modelFile path of the graph in the folder; default: the one that is served
 */
export async function answerBytes(dir: string, modelFile?: string): Promise<number> {
  const graph = modelFile ?? (await findServedFile(dir));
  const files = await listModelFiles(dir);
  return files
    .filter(({ path }) => [graph, 'tokenizer.json', 'config.json'].includes(path))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}
