import { rememberingRunner, type RememberingRunner } from '../runner/in-process.ts';
import type { Runner } from '../../src/runner.ts';
import type { Process } from './process.ts';
import type { Story } from './story.ts';

export interface StepSurroundings {
  readonly inputs: Readonly<Record<string, string>>;
  /** What main kept for post. */
  readonly kept: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string>>;
}

/** The runner, as one process sees it. */
export interface PlayedRunner {
  /** Hears nothing of what a killed process says. */
  readonly given: Runner;
  readonly heard: RememberingRunner;
  /** When the output `result` was last set; null where it never was. */
  readonly verdictAtMs: () => number | null;
}

/** A runner that remembers what a process says while it lives, and tells it in the story. */
export function createRunner(
  process: Process,
  { inputs, kept, env }: StepSurroundings,
  story: Story,
  now: () => number,
): PlayedRunner {
  const heard = rememberingRunner(inputs, kept, env);
  let verdictAtMs: number | null = null;
  const say = (what: string, act: () => void) => {
    if (!process.isAlive()) return;
    story.tell(process.name, what);
    act();
  };
  const given: Runner = {
    ...heard,
    print: (line) => {
      say(`| ${line}`, () => heard.print(line));
    },
    startGroup: (title) => {
      say(`| group ${title}`, () => heard.startGroup(title));
    },
    endGroup: () => {
      say('| end of the group', heard.endGroup);
    },
    annotate: (level, title, message) => {
      say(`${level}: ${title}: ${message.replaceAll('\n', ' / ')}`, () =>
        heard.annotate(level, title, message),
      );
    },
    output: (name, value) => {
      if (name === 'result') verdictAtMs = now();
      say(`output ${name}=${value}`, () => heard.output(name, value));
    },
    summarize: async (markdown) => {
      if (process.isAlive()) await heard.summarize(markdown);
    },
    saveState: (name, value) => {
      say(`state ${name}=${value}`, () => heard.saveState(name, value));
    },
    fail: () => {
      say('fails', () => heard.fail());
    },
  };
  return { given, heard, verdictAtMs: () => verdictAtMs };
}
