export interface Schedule<Task> {
  tasks: readonly Task[];
  /** Tasks that run at a time. */
  jobs: number;
  /** Asked before each start: once true, no further task starts. */
  isOver: () => boolean;
  /**
   * What a task makes that others need, by name, where it is not there yet: while one task makes it, no other that names it starts.
   */
  makes: (task: Task) => string | undefined;
  run: (task: Task) => Promise<void>;
}

/**
 * Runs tasks in their order, some at a time. One that fails stops no other.
 *
 * @returns those that failed, with what they threw
 */
export async function runSchedule<Task>({ tasks, jobs, isOver, makes, run }: Schedule<Task>) {
  const waiting = [...tasks];
  const making = new Set<string>();
  const running = new Set<Promise<void>>();
  const failed: { task: Task; error: unknown }[] = [];
  const start = (task: Task) => {
    const made = makes(task);
    if (made !== undefined) making.add(made);
    const ended: Promise<void> = run(task)
      .catch((error: unknown) => {
        failed.push({ task, error });
      })
      .finally(() => {
        if (made !== undefined) making.delete(made);
        running.delete(ended);
      });
    running.add(ended);
  };
  const next = () => {
    const at = isOver() ? -1 : waiting.findIndex((task) => !making.has(makes(task) ?? ''));
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  };
  for (;;) {
    const task = running.size < jobs ? next() : undefined;
    if (task !== undefined) start(task);
    else if (running.size > 0) await Promise.race(running);
    else return failed;
  }
}
