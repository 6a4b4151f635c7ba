import { Gauge, Histogram, type Registry } from 'prom-client';

export interface InferenceMetrics {
  latency: Histogram<'task' | 'version'>;
  batchSize: Histogram<'task'>;
}

/** @param openStudents how many students are open, read at every scrape */
export function createInferenceMetrics(registry: Registry, openStudents: () => number): InferenceMetrics {
  const registers = [registry];
  new Gauge({
    name: 'retort_inference_open_models',
    help: 'Model versions that are open.',
    registers,
    collect() {
      this.set(openStudents());
    },
  });
  return {
    latency: new Histogram({
      name: 'retort_inference_duration_seconds',
      help: 'Time to answer one /infer request, waiting for its batch included.',
      labelNames: ['task', 'version'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    batchSize: new Histogram({
      name: 'retort_inference_batch_size',
      help: 'Texts that went through a student together.',
      labelNames: ['task'],
      buckets: [1, 2, 4, 8, 16, 32],
      registers,
    }),
  };
}
