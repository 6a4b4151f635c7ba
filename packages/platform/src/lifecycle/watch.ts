import type { Database } from '../database/connect.js';
import { type Claim, held } from './end.js';

type Prismas = Pick<Database, 'prisma'>;

/**
 * Why a worker stops before it is done: the owner cancelled; the row has ended or belongs to another (`superseded`); the
 * process shuts down or lost the job's lock (`interrupted`).
 */
export type StopReason = 'cancelled' | 'superseded' | 'interrupted';

/** What a beat finds. */
export type Pulse = 'alive' | 'cancelled' | 'superseded';

/** A sign of life for a distillation that is being labelled. */
export async function beatLabelling({ prisma }: Prismas, id: string): Promise<Pulse> {
  return pulse(
    await prisma.$queryRaw<Beat[]>`
    UPDATE "Distillation" SET "heartbeatAt" = now() WHERE "id" = ${id} AND "status" = 'running' AND "stage" = 'labelling'
    RETURNING "cancelRequestedAt" IS NOT NULL AS cancelled`,
  );
}

/** A sign of life for a distillation whose spec is being searched. */
export async function beatSearching({ prisma }: Prismas, id: string): Promise<Pulse> {
  return pulse(
    await prisma.$queryRaw<Beat[]>`
    UPDATE "Distillation" SET "heartbeatAt" = now() WHERE "id" = ${id} AND "status" = 'running' AND "stage" = 'searching'
    RETURNING "cancelRequestedAt" IS NOT NULL AS cancelled`,
  );
}

/** A sign of life for a distillation that is being trained under `claim`. */
export async function beatTraining({ prisma }: Prismas, claim: Claim): Promise<Pulse> {
  return pulse(
    await prisma.$queryRaw<Beat[]>`
    UPDATE "Distillation" SET "heartbeatAt" = now() WHERE "id" = ${claim.id} AND ${held(claim)}
    RETURNING "cancelRequestedAt" IS NOT NULL AS cancelled`,
  );
}

interface Beat {
  cancelled: boolean;
}

function pulse([beat]: Beat[]): Pulse {
  if (beat === undefined) return 'superseded';
  return beat.cancelled ? 'cancelled' : 'alive';
}

interface Watch {
  /** Aborts as soon as the work should stop. */
  readonly signal: AbortSignal;
  /** Undefined while the signal has not aborted. */
  readonly stopReason: StopReason | undefined;
  /** Ends the watching; waits for a beat under way. */
  stop(): Promise<void>;
}

interface WatchOptions {
  beat: () => Promise<Pulse>;
  /** Milliseconds between beats. Default 500: a cancellation is seen within a second. */
  intervalMs?: number;
  /** Of the queue: aborts at shutdown and when the job's lock is lost. */
  outer: AbortSignal;
  /** Hears of a beat that failed (the database is away); beating goes on. */
  onError: (error: unknown) => void;
}

/** Beats until stopped, and turns what the beats find, and the outer signal, into one abort signal. */
function watchWork({ beat, intervalMs = 500, outer, onError }: WatchOptions): Watch {
  const controller = new AbortController();
  let stopReason: StopReason | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const stopFor = (reason: StopReason) => {
    if (stopReason !== undefined) return;
    stopReason = reason;
    controller.abort(new Error(`The work was ${reason}.`));
  };
  const onOuter = () => stopFor('interrupted');
  if (outer.aborted) onOuter();
  else outer.addEventListener('abort', onOuter, { once: true });

  const tick = async () => {
    try {
      const found = await beat();
      if (found !== 'alive') stopFor(found);
    } catch (error) {
      onError(error);
    }
    if (!stopped) timer = setTimeout(next, intervalMs);
  };
  let running = tick();
  function next(): void {
    running = tick();
  }

  return {
    signal: controller.signal,
    get stopReason() {
      return stopReason;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      outer.removeEventListener('abort', onOuter);
      await running;
    },
  };
}

/** How watched work ended: done, or stopped before. */
export type Watched<T> = { stopped?: undefined; result: T } | { stopped: StopReason };

/**
 * Does `work` under a {@link watchWork}: its signal aborts as soon as the work should stop.
 *
 * @throws what `work` throws, unless it was told to stop: then whatever it threw only says that it did
 */
export async function doWatched<T>(
  options: WatchOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Watched<T>> {
  const watch = watchWork(options);
  try {
    return { result: await work(watch.signal) };
  } catch (error) {
    if (watch.stopReason === undefined) throw error;
    return { stopped: watch.stopReason };
  } finally {
    await watch.stop();
  }
}
