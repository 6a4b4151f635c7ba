import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RetortError, toProblem } from '@retort/contracts';
import { PROBLEM_MEDIA_TYPE } from './problem-handler.js';

/** Answers bytes that Node's parser refuses: there is no request object then, only a socket. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  writeProblem(socket, describe(error));
}

/** Node answers these two by itself, without a body; a client should get a problem for them like for anything else. */
export function answerOddRequests(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage) => {
    writeProblem(
      request.socket,
      new RetortError('RT_BAD_REQUEST', `Expect: ${printable(request.headers.expect ?? '')} cannot be met.`),
    );
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    writeProblem(socket, new RetortError('RT_METHOD_NOT_ALLOWED', 'CONNECT is not served.'));
  });
}

function describe({ code, message }: NodeJS.ErrnoException): RetortError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new RetortError('RT_REQUEST_TIMEOUT', 'The request did not arrive in time.');
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new RetortError('RT_HEADERS_TOO_LARGE', 'The request line and headers exceed 16 KiB together.');
  }
  return new RetortError('RT_BAD_REQUEST', `The request is not valid HTTP/1.1: ${printable(message)}.`);
}

const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);

function writeProblem(socket: Duplex, error: RetortError): void {
  const body = JSON.stringify(toProblem(error));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
