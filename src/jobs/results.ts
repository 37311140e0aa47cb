// What a job's end means for the step: one row a result, so that a result without its words, its
// icon or its verdict does not compile.

/** What is known of one result. */
interface ResultRow {
  /** The higher, the worse: the step's result is that of its worst job. */
  readonly severity: number;
  /** Whether the step passes with it. */
  readonly passes: boolean;
  /** To find the bad ones at a glance. */
  readonly icon: string;
  /** For counts such as `2 of 3 jobs failed`. */
  readonly words: string;
  /** After the name of a single job. */
  readonly phrase: string;
  /**
   * First character of its line in the timeline, a block of the language diff: GitHub shows `+` in
   * green, `-` red, `!` orange, `#` grey and what is between `@@` violet.
   */
  readonly timelineMark: '+' | '-' | '!' | '#' | '@@' | ' ';
  /** What a commit status says at the end. */
  readonly commitStatus: {
    readonly state: 'pending' | 'success' | 'failure' | 'error';
    readonly words: string;
  };
}

const rows = {
  error: {
    severity: 10,
    passes: false,
    icon: '⚠️',
    timelineMark: '-',
    words: 'had an error',
    phrase: 'could not be watched to its end',
    commitStatus: { state: 'error', words: 'Could not be created or watched' },
  },
  failed: {
    severity: 9,
    passes: false,
    icon: '❌',
    timelineMark: '-',
    words: 'failed',
    phrase: 'failed',
    commitStatus: { state: 'failure', words: 'Failed' },
  },
  'over-budget': {
    severity: 8,
    passes: false,
    icon: '💸',
    timelineMark: '!',
    words: 'over budget',
    phrase: 'is over budget',
    commitStatus: { state: 'failure', words: 'Over budget' },
  },
  'timed-out': {
    severity: 7,
    passes: false,
    icon: '⌛',
    timelineMark: '!',
    words: 'timed out',
    phrase: 'timed out',
    commitStatus: { state: 'error', words: 'Timed out' },
  },
  cancelled: {
    severity: 6,
    passes: false,
    icon: '🚫',
    timelineMark: '#',
    words: 'cancelled',
    phrase: 'was cancelled',
    commitStatus: { state: 'error', words: 'Cancelled' },
  },
  // A job that goes on without being watched stays pending: `check`, or whoever waits for it later,
  // ends that.
  detached: {
    severity: 5,
    passes: true,
    icon: '⏳',
    timelineMark: ' ',
    words: 'left running',
    phrase: 'was left running',
    commitStatus: { state: 'pending', words: 'Left running, no longer watched' },
  },
  running: {
    severity: 4,
    passes: true,
    icon: '🟢',
    timelineMark: ' ',
    words: 'running',
    phrase: 'is running',
    commitStatus: { state: 'pending', words: 'Left running, as requested' },
  },
  submitted: {
    severity: 3,
    passes: true,
    icon: '🚀',
    timelineMark: ' ',
    words: 'submitted',
    phrase: 'was submitted',
    commitStatus: { state: 'pending', words: 'Submitted, not waited for' },
  },
  succeeded: {
    severity: 2,
    passes: true,
    icon: '✅',
    timelineMark: '+',
    words: 'succeeded',
    phrase: 'succeeded',
    commitStatus: { state: 'success', words: 'Succeeded' },
  },
  'dry-run': {
    severity: 1,
    passes: true,
    icon: '🧪',
    timelineMark: '+',
    words: 'checked',
    phrase: 'was checked',
    commitStatus: { state: 'success', words: 'Checked' },
  },
} as const satisfies Readonly<Record<string, ResultRow>>;

/** What became of one job, as the output `result` names it. */
export type Result = keyof typeof rows;

/** All that is known of each result. */
export const results: Readonly<Record<Result, ResultRow>> = rows;

/** Orders results, the worst first. */
export function compareResults(a: Result, b: Result): number {
  return results[b].severity - results[a].severity;
}
