import { RetortError } from '@retort/contracts/values';

/** `RT_INVALID_TEACHER` with a detail that names the file or field. */
export function invalidTeacher(detail: string, cause?: unknown): RetortError {
  return new RetortError('RT_INVALID_TEACHER', detail, { cause });
}

/** Runs `work`; what is wrong with the model in it is wrong with the teacher. */
export async function asTeacher<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RetortError && error.code === 'RT_INVALID_MODEL'
      ? invalidTeacher(error.message, error)
      : error;
  }
}
