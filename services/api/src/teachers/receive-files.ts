import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RetortError } from '@retort/contracts';
import { TeacherFields } from '@retort/contracts/http';
import { compileCheck, invalidFields, parseJsonBody, refuseUnstorable } from '@retort/http';
import { safeJoin } from '@retort/platform';
import type { FastifyRequest } from 'fastify';
import { blameForm } from '../form.js';

/** A model folder has about five files; adapters and tokenizers bring a few more. */
const MAX_FILES = 64;

/** Path of a file within the folder: plain names, so that it means the same on every disk. */
const FILE_PATH = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9_.-]{1,100}(?:\/[A-Za-z0-9_.-]{1,100}){0,3}$/;

const checkFields = compileCheck(TeacherFields);

/**
 * Reads a multipart registration as it streams: files go to `folder` under the path that each names, fields are checked.
 *
 * @param maxBytes most that all files may have together
 * @throws RetortError `RT_INVALID_FIELD`, `RT_INVALID_TEACHER`, `RT_TOO_LARGE`
 */
export async function receiveTeacher(
  request: FastifyRequest,
  folder: string,
  maxBytes: number,
): Promise<TeacherFields> {
  const fields: Record<string, unknown> = {};
  let left = maxBytes;
  let files = 0;
  for await (const part of blameForm(request.parts({ limits: { files: MAX_FILES } }))) {
    if (part.type === 'file') {
      files++;
      left -= await writeFile(folder, part.filename, part.file, left, maxBytes);
    } else if (part.valueTruncated) {
      throw new RetortError('RT_TOO_LARGE', `The field ${JSON.stringify(part.fieldname.slice(0, 50))} is too long.`);
    } else fields[part.fieldname] = readField(part.fieldname, part.value);
  }
  if (files === 0) {
    throw new RetortError('RT_INVALID_FIELD', 'The form has no files.', {
      problems: [{ path: '/files', message: 'is required' }],
    });
  }
  const problems = checkFields(fields);
  if (problems.length > 0) throw invalidFields(problems);
  return fields as TeacherFields;
}

/** Fields that are objects, which a form carries as JSON. */
const OBJECTS = ['head', 'train'];

function readField(name: string, value: unknown): unknown {
  refuseUnstorable([name, value]);
  if (!OBJECTS.includes(name) || typeof value !== 'string') return value;
  try {
    return parseJsonBody(Buffer.from(value));
  } catch (error) {
    if (error instanceof RetortError && error.code === 'RT_INVALID_TEXT') throw error;
    throw new RetortError('RT_INVALID_FIELD', `The field ${name} is not JSON.`, {
      problems: [{ path: `/${name}`, message: 'must be JSON: {"dataset": "ds_…"}' }],
    });
  }
}

async function writeFile(
  folder: string,
  path: string,
  content: Readable,
  left: number,
  maxBytes: number,
): Promise<number> {
  if (!FILE_PATH.test(path)) {
    content.resume();
    const named = JSON.stringify(path.slice(0, 100).toWellFormed());
    throw new RetortError(
      'RT_INVALID_TEACHER',
      `${named} is not a path within the folder; name files like "onnx/model.onnx".`,
    );
  }
  const target = safeJoin(folder, path);
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= left) done(null, chunk);
      else done(new RetortError('RT_TOO_LARGE', `The files of a teacher may have ${maxBytes} bytes together.`));
    },
  });
  try {
    await mkdir(dirname(target), { recursive: true });
    await pipeline(blameForm<Uint8Array>(content), count, createWriteStream(target, { flags: 'wx' }));
  } catch (error) {
    content.resume();
    if (!['EEXIST', 'ENOTDIR', 'EISDIR'].includes(String((error as NodeJS.ErrnoException).code))) throw error;
    throw new RetortError('RT_INVALID_TEACHER', `${path} comes twice, or is both a file and a folder.`, {
      cause: error,
    });
  }
  return bytes;
}
