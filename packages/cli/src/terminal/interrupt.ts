/** A signal that aborts on Ctrl-C or SIGTERM. A second Ctrl-C ends the process at once. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      process.once(name, () => process.exit(130));
      controller.abort();
    });
  }
  return controller.signal;
}
