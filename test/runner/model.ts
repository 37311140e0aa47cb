import { findCommands, type Command } from './commands.ts';
import { maskLines } from './mask.ts';

/** An annotation, as it is shown. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

/**
 * What GitHub's runner makes of a step: it takes commands from each printed line, of either stream,
 * and masks what it was told to, from then on.
 */
export function createRunnerModel() {
  const lines: string[] = [];
  const annotations: Annotation[] = [];
  const masks: string[] = [];
  let partial = '';
  // Ends a stretch without commands; null outside of one.
  let stopToken: string | null = null;

  const mask = (text: string) => maskLines(text, masks);
  const addMask = (text: string) => {
    // Each line of a text counts by itself.
    masks.push(...text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== ''));
  };
  const annotate = (level: Annotation['level'], title: string, message: string) => {
    annotations.push({ level, title: mask(title), message: mask(message) });
  };
  const obey = ({ name, properties, message }: Command) => {
    if (stopToken !== null) {
      if (name === stopToken) stopToken = null;
    } else if (name === 'stop-commands') {
      stopToken = message;
    } else if (name === 'add-mask') {
      addMask(message);
    } else if (name === 'error' || name === 'warning' || name === 'notice') {
      annotate(name, properties['title'] ?? '', message);
    }
  };
  const takeLine = (line: string) => {
    for (const command of findCommands(line)) obey(command);
    lines.push(mask(line));
  };
  const take = (text: string) => {
    // Only what follows a `\r` shows whether it ends a line by itself.
    const printed = (partial + text).split(/\r\n|\n|\r(?!$)/);
    partial = printed.pop() ?? '';
    for (const line of printed) takeLine(line);
  };
  return {
    /** What was printed, commands included, as the log shows it. */
    lines,
    annotations,
    masks,
    /** Takes what was printed next: a line once it has ended. */
    take,
    /** Takes the last line, which nothing ended. */
    end: () => {
      if (partial !== '') take('\n');
    },
    annotate,
    addMask,
    mask,
  };
}

/** What the runner makes of the whole log of a process. */
export function readLog(log: string) {
  const { take, end, lines, annotations, masks } = createRunnerModel();
  take(log);
  end();
  return { lines, annotations, masks };
}

/** The error annotations in the log of a process. */
export function errorsIn(log: string): readonly Annotation[] {
  return readLog(log).annotations.filter(({ level }) => level === 'error');
}
