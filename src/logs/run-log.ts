import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { searchFresh, tailBytes } from './diff.ts';
import { createLines, type Line } from './lines.ts';

export interface RunLogOptions {
  /** Where the log is kept as the service gave it. */
  readonly path: string;
  readonly onLine: (line: Line) => void;
  /** Told where the log turns out to be another text, which is then kept after the first. */
  readonly onRestart: () => void;
}

/** The log of one run: its file, and what was told of it. */
export interface RunLog {
  /**
   * Takes the log as the service gives it, keeps what is new, and tells it line by line.
   * @param isOver whether the run has ended, so that nothing comes after the last character
   */
  readonly take: (log: string, isOver: boolean) => Promise<void>;
  /** Nothing more comes for now: the last line is told, even without an end. */
  readonly end: () => void;
}

// A container that starts again may begin its log anew. A text that is another one each time would
// fill disk and console.
const maxRestarts = 20;

/** Opens the log of one run. What was seen is in the file alone. */
export function openRunLog({ path, onLine, onRestart }: RunLogOptions): RunLog {
  const lines = createLines(onLine);
  let startInFile = 0;
  let restarts = 0;

  const restart = (size: number) => {
    restarts += 1;
    if (restarts > maxRestarts) throw new Error('it is another text each time it is read');
    lines.end();
    onRestart();
    startInFile = size;
    return 0;
  };
  const freshOf = async (file: number, text: Buffer) => {
    const { size } = fstatSync(file);
    if (await goesOn(file, startInFile, text)) return size - startInFile;
    const tail = readPiece(file, Math.max(0, size - tailBytes), tailBytes);
    const fresh = await inTurns(searchFresh(tail, text));
    if (fresh === null) return restart(size);
    startInFile = Math.max(0, size - fresh);
    return fresh;
  };
  const keep = async (text: Buffer) => {
    const file = openSync(path, 'a+');
    try {
      const fresh = text.subarray(await freshOf(file, text));
      for (let at = 0; at < fresh.length; at += bytesAtOnce) {
        if (at > 0) await nextTurn();
        writeFileSync(file, fresh.subarray(at, at + bytesAtOnce));
      }
      return fresh;
    } finally {
      closeSync(file);
    }
  };
  return {
    take: async (log, isOver) => {
      const fresh = await keep(await bytesOf(isOver ? log : wholeCharacters(log)));
      for (const piece of piecesOf(fresh)) {
        lines.push(piece);
        // A signal must be heard while millions of lines are told.
        await nextTurn();
      }
    },
    end: lines.end,
  };
}

const pieceSize = 64 * 1024;
// Read, compared or written within some milliseconds: a signal must be heard in between.
const bytesAtOnce = 4 * 1024 * 1024;

/** A text as UTF-8; half of a surrogate pair becomes what stands for a character that is none. */
async function bytesOf(text: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text));
  let written = 0;
  for (let from = 0; from < text.length;) {
    if (from > 0) await nextTurn();
    const isParted = /[\ud800-\udbff]/.test(text.charAt(from + bytesAtOnce - 1));
    const to = from + bytesAtOnce + (isParted ? 1 : 0);
    written += bytes.write(text.slice(from, to), written);
    from = to;
  }
  return bytes;
}

async function inTurns<T>(work: Generator<null, T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await nextTurn();
  }
}

/** Whether a text says the same as a file from there on, as far as both go. */
async function goesOn(file: number, from: number, text: Buffer): Promise<boolean> {
  for (let at = 0; at < text.length; at += pieceSize) {
    if (at > 0 && at % bytesAtOnce === 0) await nextTurn();
    const piece = readPiece(file, from + at, Math.min(pieceSize, text.length - at));
    if (!piece.equals(text.subarray(at, at + piece.length))) return false;
    if (piece.length < pieceSize) break;
  }
  return true;
}

function readPiece(file: number, at: number, length: number): Buffer {
  const piece = Buffer.allocUnsafe(length);
  return piece.subarray(0, readSync(file, piece, 0, length, at));
}

// As a whole, a large log would be in memory once more.
function* piecesOf(text: Buffer): Generator<string> {
  const decoder = new TextDecoder();
  for (let at = 0; at < text.length; at += pieceSize) {
    yield decoder.decode(text.subarray(at, at + pieceSize), { stream: true });
  }
}

// The service's text may end in the middle of a character, which is then there as up to three of
// these, and whole the next time.
function wholeCharacters(log: string): string {
  let end = log.length;
  while (end > log.length - 3 && log.endsWith('\ufffd', end)) end -= 1;
  return log.slice(0, end);
}
