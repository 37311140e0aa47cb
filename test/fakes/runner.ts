import type { Runner } from '../../src/runner.ts';

interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

/** A runner that remembers what it was told, and does nothing. */
export interface RememberingRunner extends Runner {
  readonly masks: readonly string[];
  readonly lines: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly outputs: ReadonlyMap<string, string>;
  readonly summaries: readonly string[];
  readonly hasFailed: () => boolean;
}

/** @param inputs as the workflow gives them; those left out are empty */
export function rememberingRunner(inputs: Readonly<Record<string, string>>): RememberingRunner {
  const masks: string[] = [];
  const lines: string[] = [];
  const annotations: Annotation[] = [];
  const outputs = new Map<string, string>();
  const summaries: string[] = [];
  let failed = false;
  return {
    env: { GITHUB_REPOSITORY: 'acme/renders', GITHUB_RUN_ID: '4711', GITHUB_WORKFLOW: 'Nightly' },
    input: (name) => inputs[name] ?? '',
    mask: (secret) => masks.push(secret),
    print: (line) => lines.push(line),
    annotate: (level, title, message) => annotations.push({ level, title, message }),
    output: (name, value) => outputs.set(name, value),
    summarize: async (markdown) => {
      summaries.push(markdown);
    },
    fail: () => {
      failed = true;
    },
    masks,
    lines,
    annotations,
    outputs,
    summaries,
    hasFailed: () => failed,
  };
}
