import type { Statuses } from '../github.ts';
import { readCommit } from '../inputs/commit.ts';
import type { JobRef } from '../jobs/records.ts';
import { createCommitStatus, noCommitStatus, type CommitStatus } from '../report/commit-status.ts';
import { createSender } from '../report/status-sender.ts';
import type { Runner } from '../runtime.ts';
import type { Deps } from './deps.ts';

/** The inputs that are about the commit status. */
export interface CommitStatusInputs {
  readonly 'commit-status': boolean;
  readonly 'github-token': string | undefined;
}

/** The commit status of a step's jobs; one that does nothing where none was asked for. */
export function openCommitStatus(
  inputs: CommitStatusInputs,
  subjects: readonly JobRef[],
  { runner, clock, random }: Deps,
): CommitStatus {
  if (!inputs['commit-status']) return noCommitStatus;
  const token = inputs['github-token'];
  if (token !== undefined) runner.mask(token);
  let statuses: Promise<Statuses> | undefined;
  const send = createSender({
    runner,
    clock,
    random,
    set: async (status, signal) => {
      statuses ??= connect(runner, token);
      return (await statuses).set(status, signal);
    },
  });
  const commitStatus = createCommitStatus({ clock, subjects, send });
  return {
    ...commitStatus,
    settle: async (lastCall) => {
      await commitStatus.settle(lastCall);
      await statuses?.then(
        async ({ close }) => close(),
        () => {},
      );
    },
  };
}

async function connect(runner: Runner, token: string | undefined): Promise<Statuses> {
  if (token === undefined) throw new Error('the input github-token is empty');
  const commit = await readCommit(runner);
  // Loaded when used: most steps set no commit status.
  const { openStatuses } = await import('../github.ts');
  return openStatuses(commit, token);
}
