import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRedactor } from '../../src/service/redactor.ts';
import { printable } from '../../src/report/sanitize.ts';
import type { Runner } from '../../src/runner.ts';

// Where a step may keep files; each build empties it.
const temp = fileURLToPath(new URL('../../build/runner-temp', import.meta.url));
mkdirSync(temp, { recursive: true });

/** An annotation, as it was made. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

/** A runner that remembers. */
export interface RememberingRunner extends Runner {
  readonly lines: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly outputs: ReadonlyMap<string, string>;
  readonly kept: ReadonlyMap<string, string>;
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
  const lines: string[] = [];
  const annotations: Annotation[] = [];
  const outputs = new Map<string, string>();
  const saved = new Map<string, string>();
  const masked: string[] = [];
  let summary = '';
  let failed = false;
  const redactor = createRedactor();
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
    mask: (secret) => {
      redactor.add([secret]);
      masked.push(secret);
    },
    print: (line) => lines.push(printable(line)),
    group: (title, print) => {
      lines.push(`::group::${printable(title)}`);
      print();
      lines.push('::endgroup::');
    },
    annotate: (level, title, message) => annotations.push({ level, title, message }),
    output: (name, value) => outputs.set(name, value),
    summarize: async (markdown) => {
      summary += markdown;
    },
    saveState: (name, value) => saved.set(name, value),
    state: (name) => kept.get(name) ?? '',
    fail: () => {
      failed = true;
    },
    lines,
    annotations,
    outputs,
    kept: saved,
    masked,
    summary: () => summary,
    failed: () => failed,
  };
}
