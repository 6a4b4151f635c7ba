/** Why a job's signal aborted; its processor should stop and throw. */
export class JobInterrupted extends Error {
  /** `closing`: the worker ends, the job is given back. `lock-lost`: another run may have the job now. */
  readonly why: 'closing' | 'lock-lost';

  constructor(why: 'closing' | 'lock-lost') {
    super(why === 'closing' ? 'The worker is closing.' : 'The lock of the job was lost.');
    this.name = 'JobInterrupted';
    this.why = why;
  }
}
