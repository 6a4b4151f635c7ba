export * from './client.js';
export type { FollowOptions, RetortEvent } from './events.js';
export { type Problem, RetortProblem, unwrap } from './problem.js';
