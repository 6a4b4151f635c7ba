import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

/** A service in a process of its own, from its built `main.js`, as it runs in production. */
export interface ServiceProcess {
  /** Sends the signal and waits for the end. @returns the exit status; null when the signal ended it */
  kill(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a service and waits until it is ready. Ended already: `kill` answers at once. */
export async function forkService(name: string, env: Record<string, string>): Promise<ServiceProcess> {
  const main = createRequire(import.meta.url).resolve(`@retort/${name}/main`);
  const child = fork(main, { env: { PATH: process.env.PATH, ...env }, execArgv: [] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const ready = once(child, 'message').then(() => 'ready' as const);
  if ((await Promise.race([ready, exit])) !== 'ready') throw new Error(`The ${name} ended instead of starting.`);
  return {
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      const [status] = await exit;
      return status;
    },
  };
}
