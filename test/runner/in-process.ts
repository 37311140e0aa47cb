import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRedactor } from '../../src/service/redactor.ts';
import { printable } from '../../src/report/sanitize.ts';
import type { Runner } from '../../src/runner.ts';
import { createRunnerModel, type Annotation } from './model.ts';

// Where a step may keep files; each build empties it.
const temp = fileURLToPath(new URL('../../build/runner-temp', import.meta.url));
mkdirSync(temp, { recursive: true });

/** GitHub's runner for a step in this process. */
export interface RememberingRunner extends Runner {
  /** What was printed, without the annotations. */
  readonly lines: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly outputs: ReadonlyMap<string, string>;
  readonly kept: ReadonlyMap<string, string>;
  /** Folders that the steps after it find commands in. */
  readonly paths: readonly string[];
  readonly masked: readonly string[];
  readonly summary: () => string;
  readonly failed: () => boolean;
}

/**
 * @param inputs by name, as `with:` gives them
 * @param kept what an earlier entry of the action saved
 */
export function rememberingRunner(
  inputs: Readonly<Record<string, string>>,
  kept: ReadonlyMap<string, string> = new Map(),
  env: Readonly<Record<string, string>> = {},
): RememberingRunner {
  const model = createRunnerModel();
  const print = (line: string) => {
    model.take(`${line}\n`);
  };
  const outputs = new Map<string, string>();
  const saved = new Map<string, string>();
  const paths: string[] = [];
  let summary = '';
  let failed = false;
  const redactor = createRedactor(model.addMask);
  return {
    redactor,
    env: {
      GITHUB_REPOSITORY: 'acme/renders',
      GITHUB_RUN_ID: '4711',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_WORKFLOW: 'Nightly',
      GITHUB_JOB: 'render',
      GITHUB_ACTION: '__run',
      RUNNER_TEMP: temp,
      ...env,
    },
    input: (name) => inputs[name] ?? '',
    print: (line) => {
      print(printable(line));
    },
    startGroup: (title) => {
      print(`::group::${printable(title)}`);
    },
    endGroup: () => {
      print('::endgroup::');
    },
    annotate: model.annotate,
    output: (name, value) => outputs.set(name, value),
    addPath: (folder) => paths.push(folder),
    summarize: async (markdown) => {
      summary += markdown;
    },
    saveState: (name, value) => saved.set(name, value),
    state: (name) => kept.get(name) ?? '',
    fail: () => {
      failed = true;
    },
    lines: model.lines,
    annotations: model.annotations,
    outputs,
    kept: saved,
    paths,
    masked: model.masks,
    summary: () => model.mask(summary),
    failed: () => failed,
  };
}
