import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Runs a program and reads the JSON of its last line.
 *
 * @throws Error with the end of what it wrote to stderr, when it fails.
 */
export async function runJson<Result>(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<Result> {
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  if (code !== 0) throw new Error(`${file} ended with ${signal ?? code}:\n${stderr.slice(-2000).trimEnd()}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) as string) as Result;
}
