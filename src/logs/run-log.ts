import { appendFileSync, truncateSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Result } from '../jobs/results.ts';
import type { Redactor } from '../service/redactor.ts';
import { cut } from '../text.ts';
import { createRunResults } from './results.ts';

/** What happens to the log of a job. Its runs are numbered from 1. */
export interface JobLogEvents {
  /** A line as it stood last. Foreign text, redacted. */
  readonly line: (text: string, runNumber: number) => void;
  /** The log turned out to be another text: all of its lines follow. */
  readonly restart: (runNumber: number) => void;
  /** A log cannot be read or kept as a whole; everything else continues. */
  readonly trouble: (error: unknown) => void;
  /** Why lines of results are of no use. */
  readonly resultsIgnored: (reason: string) => void;
  /** Nothing follows. @param tail the last lines of the newest run */
  readonly end: (result: Result, tail: readonly string[]) => void;
}

const pieceSize = 16 * 1024;
const writeSize = 1024 * 1024;
const tailLines = 100;
const maxTailLine = 2_000;

/**
 * Opens the log of one run, to be given each text that the service has for it.
 * @param path the file that keeps the log as the service gives it; null where none can
 */
export function openRunLog(
  path: string | null,
  runNumber: number,
  redactor: Redactor,
  events: JobLogEvents,
) {
  const results = createRunResults();
  let tail: string[] = [];
  const lines = createLines((line) => {
    const text = line === '' ? line : redactor.redact(line);
    tail.push(cut(text, maxTailLine));
    // Not one by one: there may be millions.
    if (tail.length > 2 * tailLines) tail = tail.slice(-tailLines);
    events.line(text, runNumber);
  });
  let seen = describe('');
  const keep = path === null ? null : createKeeper(path);
  return {
    /** Takes the results of a text, keeps what is new in it, and gives the lines of that. */
    take: async (log: string) => {
      // The service may cut its text in the middle of a character, which is whole the next time.
      const [half = ''] = /[\ufffd\ud800-\udbff]+$/.exec(log.slice(-3)) ?? [];
      const text = log.slice(0, log.length - half.length);
      if (text === '' && seen.length > 0) return;
      results.take(text);
      const from = findNew(seen, text);
      try {
        await keep?.(text, from, seen.firstLine);
      } catch (error) {
        events.trouble(error);
      }
      seen = describe(text);
      if (from === null) {
        lines.end();
        events.restart(runNumber);
        tail = [];
      }
      for (let at = from ?? 0; at < text.length; at += pieceSize) {
        lines.push(copy(text.slice(at, at + pieceSize)));
        // A signal must be heard while there are millions of lines.
        await nextTurn();
      }
    },
    /** The last line ends here, even without a line break. */
    end: lines.end,
    /** The last lines of the text that was seen last. */
    tail: (): readonly string[] => tail.slice(-tailLines),
    /** How long that was, in characters. */
    size: () => seen.length,
    results,
  };
}

function createKeeper(path: string) {
  // Bytes of the file, and where in it the text begins that was kept last.
  let [size, start] = [0, 0];

  return async (text: string, from: number | null, firstLine: string) => {
    if (from !== null) start = Math.max(0, size - Buffer.byteLength(text.slice(0, from)));
    // Rewritten in place; what begins otherwise is another text, to be kept after the first.
    else if (text.startsWith(firstLine)) truncateSync(path, start);
    else start = size;
    const added = Buffer.from(text.slice(from ?? 0));
    for (let at = 0; at === 0 || at < added.length; at += writeSize) {
      // A signal must be heard while a large log is written.
      if (at > 0) await nextTurn();
      appendFileSync(path, added.subarray(at, at + writeSize));
    }
    size = (from === null ? start : size) + added.length;
  };
}

// How much of the end of a text is looked for in the next one.
const endLength = 256;
const minMatch = 16;
// `lastIndexOf` takes half a second for the worst text of this size: one of a single letter.
const maxSearched = 4 * 1024 * 1024;

// A slice would keep the whole text in memory.
function copy(part: string): string {
  return Buffer.from(part, 'utf16le').toString('utf16le');
}

export function describe(text: string) {
  const [firstLine = ''] = /^.*\n?/.exec(text.slice(0, endLength)) ?? [];
  return { length: text.length, firstLine: copy(firstLine), end: copy(text.slice(-endLength)) };
}

/**
 * Where in a text begins what is new: after the end of the text before, at the place where it was,
 * else where it stands last, else after as much of it as the text begins with.
 * @returns null where the end is not found: then the log starts over
 */
export function findNew(before: ReturnType<typeof describe>, text: string): number | null {
  const { length, end } = before;
  if (text.startsWith(end, length - end.length)) return length;
  if (end.length < minMatch) return null;
  const searched = text.slice(-maxSearched);
  const found = searched.lastIndexOf(end);
  if (found >= 0) return text.length - searched.length + found + end.length;
  for (let size = Math.min(end.length - 1, text.length); size >= minMatch; size -= 1) {
    if (end.endsWith(text.slice(0, size))) return size;
  }
  return null;
}

const maxLineLength = 128 * 1024;

/**
 * Makes lines of a text that comes in pieces. A line ends at `\n`; what comes after a lone `\r`
 * replaces it, as on a terminal: of a progress bar, the last state is given.
 */
export function createLines(onLine: (text: string) => void) {
  let line = '';
  const endLine = () => {
    onLine(line.trimEnd());
    line = '';
  };
  return {
    push: (piece: string) => {
      for (const [index, part] of piece.split('\n').entries()) {
        if (index > 0) endLine();
        const whole = line + part;
        line = whole.slice(whole.trimEnd().lastIndexOf('\r') + 1).slice(0, maxLineLength);
      }
    },
    end: () => {
      if (line !== '') endLine();
    },
  };
}
