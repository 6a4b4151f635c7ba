import './no-telemetry.js';

export { cancelled } from './cancelled.js';
export { MicroBatcher, type MicroBatchOptions } from './micro-batch.js';
export { openSession } from './open-session.js';
export { type Closable, ResourcePool, type ResourcePoolOptions } from './resource-pool.js';
export { answerParent, type ChildOptions, runInChild } from './run-in-child.js';
export { serveThread, type ThreadService } from './serve-thread.js';
export type { ModelSession, RunOptions, SessionOptions, SessionPort } from './session.js';
export { compact, entryOf, ThreadHost, type ThreadHostOptions } from './thread-host.js';
export { fromWire, toWire, type WireError } from './thread-protocol.js';
