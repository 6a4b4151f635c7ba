import { constants, setPriority } from 'node:os';
import { loadConfig } from './config/load.js';
import { type Context, createContext } from './context.js';
import { createLogger } from './telemetry/logger.js';

/** A started service. */
export interface Service {
  /** Takes nothing new, ends or hands back what is under way, and resolves when all of it is closed. */
  close(): Promise<void>;
}

export interface RunServiceOptions {
  /** Whether it works in the background: on a machine that is short of CPU, what answers requests goes first. */
  background?: boolean;
}

/** How long closing may take beyond SHUTDOWN_TIMEOUT_MS before the process leaves anyway, in milliseconds. */
const CLOSE_GRACE_MS = 15_000;

/**
 * The body of a service's `main.ts`: reads the environment, connects, starts, and closes in order on SIGTERM, SIGINT, or
 * when the parent process that forked it goes away.
 *
 * Exit status 0 after an orderly end; 1 when the service cannot start, cannot close, or met an error that nothing
 * handled (whoever supervises it starts it again).
 */
export async function runService(
  name: string,
  start: (context: Context) => Promise<Service>,
  options: RunServiceOptions = {},
): Promise<void> {
  if (options.background) setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  let logger = createLogger({ name });
  let closing = false;
  const fail = (error: unknown, message: string): never => {
    logger.fatal({ err: error }, message);
    process.exit(1);
  };
  process.on('uncaughtException', (error) => fail(error, 'an error was not handled'));
  process.on('unhandledRejection', (error) => fail(error, 'a rejection was not handled'));
  try {
    const config = loadConfig(process.env);
    logger = createLogger({ name, level: config.logLevel });
    const context = await createContext(config, { service: name, logger });
    const service = await start(context);
    const close = (why: string): void => {
      if (closing) return;
      closing = true;
      logger.info({ why }, 'closing');
      setTimeout(
        () => fail(new Error(why), 'closing took too long'),
        config.shutdownTimeoutMs + CLOSE_GRACE_MS,
      ).unref();
      service
        .close()
        .then(() => context.close())
        .then(
          () => process.exit(0),
          (error) => fail(error, 'closing failed'),
        );
    };
    process.on('SIGTERM', () => close('SIGTERM'));
    process.on('SIGINT', () => close('SIGINT'));
    if (process.channel) process.on('disconnect', () => close('parent gone'));
    logger.info('ready');
    process.send?.({ type: 'ready' });
  } catch (error) {
    fail(error, 'cannot start');
  }
}
