import { finishStatuses } from '../check/follow-up.ts';
import { cancelOrphans, findOrphans, findRepositoryJobs, readCosts } from '../check/jobs.ts';
import { reportCheck, writeCheckOutputs } from '../check/report.ts';
import { startDeadline } from '../clock.ts';
import type { Deps } from '../deps.ts';
import { InputError } from '../errors.ts';
import { createGitHub } from '../github/client.ts';
import { toAccess } from '../inputs/access.ts';
import { readRunRef, type RunRef } from '../inputs/context.ts';
import { readInputs } from '../inputs/read.ts';
import { checkInputs } from '../inputs/tables.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import type { ErrorMessage } from '../report/errors.ts';
import { createLog } from '../report/log.ts';
import { annotateFailure } from '../report/report.ts';
import type { Runner } from '../runner.ts';
import { nowOf, openService } from '../service/client.ts';

// The cheapest runner has 15 minutes, and the report is still to be written.
const maxMs = 10 * 60_000;

/** Looks once at the jobs that this repository's workflows have cooked, and ends; never rejects. */
export async function check(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    writeCheckOutputs(runner, { running: [], ended: [], orphans: [] });
    const inputs = readInputs(runner, checkInputs);
    const run = readRun(runner);
    const log = createLog(runner, deps.clock, 1);
    const { signal, clear } = startDeadline(deps.clock, maxMs, deps.interrupt);
    const { client, close } = openService(deps, toAccess(inputs), log.clockOff);
    const asked = { repository: run.repository, token: inputs['github-token'], signal, maxMs };
    const github = createGitHub(deps, asked);
    const problems: ErrorMessage[] = [];
    // GitHub may quote a secret in its refusal.
    const onProblem = ({ cause, ...problem }: ErrorMessage) =>
      problems.push({ ...problem, cause: runner.redactor.redact(cause) });
    try {
      // 1. The jobs, and then the runs: those that have cooked one of them had begun by then.
      const found = await findRepositoryJobs(client, run, inputs.since, signal);
      const nowMs = nowOf(client);

      // 2. Jobs that should have ended with their run.
      const orphans = await findOrphans(github, found, nowMs);
      const unwanted = inputs.orphans === 'cancel' ? orphans : [];
      const seen = await cancelOrphans(client, unwanted, log, onProblem, signal);
      const jobs = found.map(({ job, mark }) => ({ mark, job: seen.get(job.uuid) ?? job }));

      // 3. The statuses of jobs that have ended, and the workflows that follow.
      const { 'follow-up': workflow, ref } = inputs;
      const followUp = { github, runner, workflow, ref, onProblem };
      const ended = jobs.filter(({ job }) => hasEndedForGood(job, nowMs));
      if (inputs['commit-status']) await finishStatuses(followUp, ended);

      // 4. What all of them cost.
      const checked = await readCosts(client, jobs, orphans, nowMs, signal);
      const result = { ...checked, sinceMs: nowMs - inputs.since, nowMs };
      await reportCheck(runner, run, result, problems);
    } finally {
      clear();
      await close();
    }
  } catch (error) {
    await annotateFailure(runner, error, 'read the jobs');
  }
}

function readRun(runner: Runner): RunRef {
  const run = readRunRef(runner, '');
  if (run !== null) return run;
  const message = 'is not set: run the check in a workflow of the repository that cooked the jobs';
  throw new InputError([{ input: 'GITHUB_REPOSITORY', message }]);
}
