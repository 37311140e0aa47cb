import { wholeWords } from '../text.ts';

/** A line of a log, as it stood last. Foreign text. */
export interface Line {
  readonly text: string;
  /** How many characters at its end are left out, for a line may be of any length. */
  readonly left: number;
}

/** Makes lines of a text that comes in pieces. */
export interface Lines {
  readonly push: (piece: string) => void;
  /** The text is over: a last line without an end is one, too. */
  readonly end: () => void;
}

// A line of results may have 100 KB; nobody reads a longer one in a log.
const maxLineLength = 128 * 1024;

/**
 * A line ends at `\n` and is told then. What comes after a lone `\r` replaces it, as on a terminal:
 * of a progress bar, its last state is told.
 */
export function createLines(onLine: (line: Line) => void): Lines {
  let text = '';
  let left = 0;
  let isReturned = false;

  const add = (part: string) => {
    if (part === '') return;
    if (isReturned) [text, left, isReturned] = ['', 0, false];
    const taken = part.slice(0, maxLineLength - text.length);
    text += taken;
    left += part.length - taken.length;
  };
  const endLine = () => {
    onLine({ text, left });
    [text, left, isReturned] = ['', 0, false];
  };
  return {
    push: (piece) => {
      let from = 0;
      for (const { 0: mark, index } of piece.matchAll(/[\r\n]/g)) {
        add(piece.slice(from, index));
        from = index + 1;
        if (mark === '\n') endLine();
        else isReturned = true;
      }
      add(piece.slice(from));
    },
    end: () => {
      if (text !== '') endLine();
    },
  };
}

/** Keeps the last lines of the newest run. */
export interface Tail {
  readonly add: (line: Line, runNumber: number) => void;
  readonly lines: () => readonly string[];
}

const maxTailLineLength = 2_000;

/** @param maxLines how many lines to keep */
export function createTail(maxLines: number): Tail {
  let newest = 0;
  let lines: string[] = [];
  return {
    add: ({ text }, runNumber) => {
      if (runNumber < newest) return;
      if (runNumber > newest) lines = [];
      newest = runNumber;
      lines.push(wholeWords(text, maxTailLineLength));
      if (lines.length > maxLines) lines.shift();
    },
    lines: () => [...lines],
  };
}
