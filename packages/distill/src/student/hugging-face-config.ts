/** The configuration of a folder that answers with its int8 graph, to us (`findServedFile`) and to Hugging Face's runtime alike. */
export function servedQuantized(config: object): object {
  return { ...config, 'transformers.js_config': { dtype: 'q8' } };
}

/** `config.json`: to Hugging Face runtimes a BERT-shaped sequence classifier, the shape whose inputs and output it has. */
export function huggingFaceConfig(labels: readonly string[], shape: object): object {
  return {
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    ...shape,
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}
