import { expect, test } from '@jest/globals';
import { finishStatuses } from '../../src/check/follow-up.ts';
import type { MarkedJob } from '../../src/check/jobs.ts';
import { sendTo, clientOn } from '../github/in-process.ts';
import { createGitHubModel } from '../github/model.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeJob, fakeRunRef, uuidNumber } from '../support/outcomes.ts';

const page = 'https://github.com/acme/renders/actions/runs/1';
const shaOf = (number: number) => String(number).padStart(40, '0');

/** A job of a commit of its own, which ended so many minutes after the first. */
function endedAfter(minutes: number): MarkedJob {
  const completed_at = new Date(Date.UTC(2026, 5, 1, 0, minutes)).toISOString();
  const job = fakeJob({ uuid: uuidNumber(minutes), status: 'COMPLETED', completed_at });
  const run = fakeRunRef({ sha: shaOf(minutes) });
  return { job, mark: { ...run, lifetime: 'keep', mayBeAttached: false } };
}

/** Finishes the statuses of these jobs, each of which has a pending one. */
async function finish(ended: readonly MarkedJob[]) {
  const model = createGitHubModel();
  for (const { job, mark } of ended)
    model.statuses.push({
      sha: mark.sha,
      state: 'pending',
      context: 'dispersed / Job',
      description: 'Left running',
      target_url: `${page}#dispersed-left-${job.uuid}`,
    });
  const runner = rememberingRunner({});
  const problems: unknown[] = [];
  const onProblem = (problem: unknown) => problems.push(problem);
  const options = { runner, workflow: undefined, ref: undefined, onProblem };
  await finishStatuses({ ...options, github: clientOn(sendTo(model)) }, ended);
  expect(problems).toEqual([]);
  const finished = model.statuses.filter(({ state }) => state === 'success');
  return { finished: new Set(finished.map(({ sha }) => sha)), runner };
}

test.each([
  [100, false],
  // GitHub limits a token by the hour.
  [103, true],
])('of %i commits, the 100 whose jobs ended last are looked at', async (count, isSaid) => {
  const jobs = Array.from({ length: count }, (_, minutes) => endedAfter(minutes));
  const { finished, runner } = await finish(jobs);
  expect(finished).toEqual(new Set(jobs.slice(-100).map(({ mark }) => mark.sha)));
  const said = runner.lines.filter((line) => line.includes(`100 of ${count} commits`));
  expect(said).toHaveLength(isSaid ? 1 : 0);
});
