import type { QueueName } from '@retort/contracts';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { JobOutcome, Queues } from '../queues/types.js';

/** A service's Prometheus metrics. Names start with `retort_`, units are seconds and bytes. */
export interface Metrics {
  /** What `/metrics` serves; services add their own metrics to it. */
  registry: Registry;
  /** Counts and times one attempt at a job: pass it as, or call it from, a worker's `onOutcome`. */
  recordJob(outcome: Pick<JobOutcome, 'queue' | 'seconds' | 'error' | 'final'>): void;
  /** Adds `retort_queue_jobs{queue,state}`, read from the queue backend at every scrape. */
  watchQueues(queues: Pick<Queues, 'counts'>, names: readonly QueueName[]): void;
}

/** Durations from 10 ms (a small shard) to an hour (a long training). */
const JOB_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** @param options - `service` and `version` become labels of `retort_build_info`; the service is on every metric. */
export function createMetrics(options: { service: string; version: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service: options.service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  new Gauge({
    name: 'retort_build_info',
    help: 'Always 1; the labels say which build runs.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: options.version, node: process.version }, 1);

  const attempts = new Counter({
    name: 'retort_job_attempts_total',
    help: 'Attempts at jobs. outcome: completed, retried (failed, tried again) or failed (for good).',
    labelNames: ['queue', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'retort_job_duration_seconds',
    help: 'Duration of one attempt at a job.',
    labelNames: ['queue', 'outcome'],
    buckets: JOB_BUCKETS,
    registers,
  });

  return {
    registry,
    recordJob({ queue, seconds: duration, error, final }) {
      const outcome = error === undefined ? 'completed' : final ? 'failed' : 'retried';
      attempts.inc({ queue, outcome });
      seconds.observe({ queue, outcome }, duration);
    },
    watchQueues(queues, names) {
      new Gauge({
        name: 'retort_queue_jobs',
        help: 'Jobs in the queue, by state.',
        labelNames: ['queue', 'state'],
        registers,
        async collect() {
          this.reset();
          for (const queue of names) {
            // A scrape must not fail because the queue is down: /readyz says so, and the gauge goes missing.
            const counts = await queues.counts(queue).catch(() => ({}));
            for (const [state, count] of Object.entries(counts)) this.set({ queue, state }, count);
          }
        },
      });
    },
  };
}
