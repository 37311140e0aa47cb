import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

const MAX_BODY_BYTES = 1_048_576;

/** The parsed body of a request, undefined if it had none, or why it was not understood. */
export type ReceivedBody = { json: unknown; problem: null } | { json: undefined; problem: Refusal };

/** Reads the whole body, also one that is too big, so that the client gets to see the answer. */
export async function receiveBody(request: IncomingMessage): Promise<ReceivedBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  request.on('data', (chunk: Uint8Array) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  await new Promise((resolve, reject) => request.once('end', resolve).once('error', reject));
  if (size > MAX_BODY_BYTES) return refuse(413, 'too_large', 'The body is bigger than 1 MiB');
  return parsed(Buffer.concat(chunks), request.headers['content-type'] ?? '');
}

function parsed(bytes: Uint8Array, contentType: string): ReceivedBody {
  if (bytes.length === 0) return { json: undefined, problem: null };
  if (!/^application\/json\b/i.test(contentType)) {
    return refuse(415, 'unsupported_media_type', 'Content-Type is not application/json');
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { json: JSON.parse(text), problem: null };
  } catch {
    return refuse(400, 'bad_json', 'The body is not JSON in UTF-8');
  }
}

function refuse(status: number, code: string, message: string): ReceivedBody {
  return { json: undefined, problem: new Refusal(status, code, message) };
}
