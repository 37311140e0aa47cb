import * as core from '@actions/core';
import { createRedactor, type Redactor } from './service/redactor.ts';
import { printable } from './report/sanitize.ts';

/** What an action can ask of GitHub's runner. Tests pass one that remembers. */
export interface Runner {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As given, white space included; empty where it was not. */
  readonly input: (name: string) => string;
  /** Knows the secrets of this step, and has the runner mask them. */
  readonly redactor: Redactor;
  /** Prints one line that cannot be a command to the runner. */
  readonly print: (line: string) => void;
  /** Begins a group of lines, which GitHub folds. Groups cannot be nested. */
  readonly startGroup: (title: string) => void;
  readonly endGroup: () => void;
  readonly annotate: (
    level: 'error' | 'warning' | 'notice',
    title: string,
    message: string,
  ) => void;
  readonly output: (name: string, value: string) => void;
  /** Has the steps after this one find commands in a folder. */
  readonly addPath: (folder: string) => void;
  /** Appends Markdown to the step's summary. */
  readonly summarize: (markdown: string) => Promise<void>;
  /** Keeps a text for the post entry, on disk at once; the last one of a name counts. */
  readonly saveState: (name: string, value: string) => void;
  /** A text that main kept; empty where it did not. */
  readonly state: (name: string) => string;
  /** Makes the step fail when the process ends. */
  readonly fail: () => void;
}

/** The runner this process was started by. */
export const actionsRunner: Runner = {
  env: process.env,
  input: (name) => core.getInput(name, { trimWhitespace: false }),
  redactor: createRedactor(core.setSecret),
  print: (line) => core.info(printable(line)),
  startGroup: (title) => core.startGroup(printable(title)),
  endGroup: core.endGroup,
  annotate: (level, title, message) => core[level](message, { title }),
  output: (name, value) => core.setOutput(name, value),
  addPath: (folder) => core.addPath(folder),
  summarize: async (markdown) => {
    await core.summary.addRaw(markdown).write();
  },
  saveState: (name, value) => core.saveState(name, value),
  state: (name) => core.getState(name),
  fail: () => {
    process.exitCode = 1;
  },
};
