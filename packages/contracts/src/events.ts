import type { ErrorCode } from './errors.js';
import type { Progress } from './stages.js';

/** What one event of a distillation or a teacher carries, by event type. */
export interface EventData {
  /** The status (and stage) the subject just entered; `error` says why a job is back in the queue. */
  status: { status: string; stage?: string | null; attempt?: number; error?: EventData['error'] };
  progress: Progress | Record<string, unknown>;
  metrics: Record<string, unknown>;
  error: { code: ErrorCode; detail: string; hint: string };
}

export type EventType = keyof EventData;

/** One entry of the append-only log. `id` (a decimal integer) is what `Last-Event-ID` refers to. */
export interface RetortEvent<T extends EventType = EventType> {
  id: string;
  /** Id of the distillation or teacher that changed. */
  subject: string;
  type: T;
  data: EventData[T];
  /** ISO 8601, UTC. */
  at: string;
}
