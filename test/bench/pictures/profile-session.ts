import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';

/** An event of ONNX Runtime's profile, times in µs. */
export interface ProfileEvent {
  /** `Node` of a kernel, `Session` of a whole run. */
  cat: string;
  name: string;
  ts: number;
  dur: number;
  args?: { op_name?: string };
}

/**
 * Runs `work` while ONNX Runtime profiles the first session that it opens, up to the call of `stop`, which must come before the
 * session is closed. The session is caught where ONNX Runtime makes it, so that the code that opens it is that of every day.
 */
export async function profileFirstSession(work: (stop: () => void) => Promise<unknown>): Promise<ProfileEvent[]> {
  const folder = await mkdtemp(join(tmpdir(), 'retort-profile-'));
  const { create } = InferenceSession;
  let profiled: Promise<InferenceSession> | undefined;
  let session: InferenceSession | undefined;
  InferenceSession.create = (async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
    if (profiled) return create.call(InferenceSession, model, options);
    const profiling = { enableProfiling: true, profileFilePrefix: join(folder, 'session') };
    profiled = create.call(InferenceSession, model, { ...options, ...profiling });
    session = await profiled;
    return session;
  }) as typeof create;
  try {
    await work(() => session?.endProfiling());
    const [file] = await readdir(folder);
    if (file === undefined)
      throw new Error('ONNX Runtime wrote no profile: no session was opened, or `stop` not called.');
    return JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
  } finally {
    InferenceSession.create = create;
    await rm(folder, { recursive: true, force: true });
  }
}
