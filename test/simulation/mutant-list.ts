/** One way to break the code. */
export interface Mutant {
  readonly name: string;
  /** Inside of `src`. */
  readonly file: string;
  /** A text that the file has exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** What the simulation has to notice; each constant of a promise is among it. */
export const mutants: readonly Mutant[] = [
  {
    name: 'no look after a doubt',
    file: 'jobs/submit.ts',
    find: 'const looksAfterDoubtMs = [0, 1_000, 2_000, 4_000, 8_000, 15_000];',
    replace: 'const looksAfterDoubtMs: readonly number[] = [];',
  },
  {
    name: 'policy: what a timeout asks for, the other way round',
    file: 'jobs/policy.ts',
    find: "      return onTimeout === 'cancel';",
    replace: "      return onTimeout !== 'cancel';",
  },
  {
    name: 'one 404 is believed',
    file: 'jobs/poll.ts',
    find: 'error.retryable || (error.status === 404 && failures === 1)',
    replace: 'error.retryable',
  },
];
