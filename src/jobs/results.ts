// What the end of a job means for the step: one row a result, the worst first, so that a result
// without its words, its icon or its verdict does not compile.

interface ResultRow {
  readonly icon: string;
  /** For counts such as `2 of 3 jobs failed`. */
  readonly words: string;
  /** Before the words, after the name of a single job. */
  readonly verb: '' | 'is' | 'was';
  /**
   * The commit status at the end, and with it the verdict: the step passes with `pending`, of a job
   * that runs on, and with `success`.
   */
  readonly state: 'pending' | 'success' | 'failure' | 'error';
}

export const results = {
  error: { icon: '⚠️', words: 'could not be cooked or watched', verb: '', state: 'error' },
  failed: { icon: '❌', words: 'failed', verb: '', state: 'failure' },
  'over-budget': { icon: '💸', words: 'over budget', verb: 'is', state: 'failure' },
  'timed-out': { icon: '⌛', words: 'timed out', verb: '', state: 'error' },
  cancelled: { icon: '🚫', words: 'canceled', verb: 'was', state: 'error' },
  detached: { icon: '⏳', words: 'left running', verb: 'was', state: 'pending' },
  running: { icon: '🟢', words: 'running', verb: 'is', state: 'pending' },
  submitted: { icon: '🚀', words: 'submitted', verb: 'was', state: 'pending' },
  succeeded: { icon: '✅', words: 'succeeded', verb: '', state: 'success' },
  'dry-run': { icon: '🧪', words: 'checked', verb: 'was', state: 'success' },
} as const satisfies Readonly<Record<string, ResultRow>>;

/** How one job ended or stands, as the output `result` names it. */
export type Result = keyof typeof results;

const worstFirst = Object.keys(results);

/** The worst first, whose result is that of the step; those with the same result in their old order. */
export function sortByResult<T extends { readonly result: Result }>(outcomes: readonly T[]) {
  const rank = ({ result }: T) => worstFirst.indexOf(result);
  return outcomes.toSorted((a, b) => rank(a) - rank(b));
}

export function passes(result: Result): boolean {
  return results[result].state === 'pending' || results[result].state === 'success';
}

/** After the name of a single job: `is running`, `failed`. */
export function formatResult(result: Result): string {
  const { verb, words } = results[result];
  return verb === '' ? words : `${verb} ${words}`;
}
