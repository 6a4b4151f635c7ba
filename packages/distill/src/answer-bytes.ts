import { listModelFiles } from '@retort/teachers';

/** Bytes of the files that answering needs: the graph, the tokenizer, the labels. */
export async function answerBytes(dir: string): Promise<number> {
  const files = await listModelFiles(dir);
  return files
    .filter(({ path }) => /(\.onnx|\/?tokenizer\.json|^config\.json)$/.test(path))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}
