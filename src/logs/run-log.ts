import { join } from 'node:path';
import { readJobRun } from '../api/endpoints.ts';
import type { Client } from '../api/client.ts';
import type { JobRun } from '../api/schemas.ts';
import { isFinal } from '../jobs/status.ts';
import { openScratch, openToAppend, type OpenFile } from './file.ts';
import { continuation, wholeSize } from './diff.ts';
import { createLines, type Line } from './lines.ts';

export interface RunLogParts {
  readonly client: Client;
  /** Where the log is kept as the service gave it. */
  readonly folder: string;
  readonly name: string;
  readonly onLine: (line: Line) => void;
}

/** The log of one run. */
export interface RunLog {
  /** Reads it once; what is new is told line by line, and kept in the file. */
  readonly read: (runUuid: string, signal: AbortSignal) => Promise<JobRun>;
  /** How large it was when last read, in bytes. */
  readonly size: () => number;
  /** Nothing more comes: the last line is told, even without an end. */
  readonly end: () => void;
}

/** Opens the log of one run. However large it is, it is not held in memory. */
export function openRunLog({ client, folder, name, onLine }: RunLogParts): RunLog {
  const lines = createLines(onLine);
  let start = 0;
  let size = 0;

  let beginnings = 0;
  const beginAnew = () => {
    beginnings += 1;
    if (beginnings > maxRestarts) throw new Error('it is another text each time it is read');
    lines.end();
  };
  const take = (snapshot: OpenFile, isOver: boolean) => {
    ({ size } = snapshot);
    const kept = openToAppend(join(folder, name));
    try {
      const found = continuation(kept, start, snapshot);
      ({ start } = found);
      if (found.fresh === 0 && kept.size > 0) beginAnew();
      const until = isOver ? snapshot.size : wholeSize(snapshot);
      for (const piece of piecesOf(snapshot, found.fresh, until)) kept.append(piece);
      for (const text of textOf(snapshot, found.fresh, until)) lines.push(text);
    } finally {
      kept.close();
    }
  };

  return {
    read: async (runUuid, signal) => {
      const snapshot = openScratch(join(folder, `.${name}`));
      const openLog = () => {
        // Where a request is sent once more, what its first answer told does not count.
        snapshot.empty();
        return snapshot.append;
      };
      try {
        const run = await readJobRun(client, runUuid, openLog, signal);
        take(snapshot, isFinal(run.status));
        return run;
      } finally {
        snapshot.close();
      }
    },
    size: () => size,
    end: lines.end,
  };
}

// A container that starts again may begin its log anew. A text that is another one each time would
// fill disk and console.
const maxRestarts = 20;

const pieceBytes = 64 * 1024;

function* piecesOf(file: OpenFile, from: number, until: number): Generator<Buffer> {
  for (let at = from; at < until; at += pieceBytes) {
    yield file.read(at, Math.min(pieceBytes, until - at));
  }
}

function* textOf(file: OpenFile, from: number, until: number): Generator<string> {
  const decoder = new TextDecoder();
  for (const piece of piecesOf(file, from, until)) yield decoder.decode(piece, { stream: true });
}
