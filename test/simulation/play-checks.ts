import { check } from '../../src/commands/check.ts';
import type { ModelRun } from '../github/model.ts';
import type { Timeline } from './clock.ts';
import type { SimulatedGitHub } from './github.ts';
import { launch, type Machine, type PlayedProcess } from './launch.ts';
import type { ChecksPlan } from './plan.ts';
import { keys, type Service } from './service.ts';

/** The run that all steps of a life belong to. */
export const runId = 4_711;
/** Another one of the repository, which goes on. */
export const otherRunId = 4_712;
/** The commit of both. */
export const sha = 'c0ffee'.padEnd(40, '0');

/** The checks of a life, and what they have done at GitHub. */
export interface PlayedChecks {
  readonly github: SimulatedGitHub;
  readonly checks: readonly PlayedProcess[];
  /** Since when the run is over, as GitHub says; null where it does not know of it any more. */
  readonly overSinceMs: number | null;
  /** When its last attempt began, as GitHub says: those before were over by then. */
  readonly lastAttemptMs: number;
  /** The jobs with a commit status that was left pending. */
  readonly pending: readonly string[];
}

interface Parts {
  readonly plan: ChecksPlan;
  readonly timeline: Timeline;
  readonly service: Service;
  readonly github: SimulatedGitHub;
  readonly machine: Machine;
  /** Of the last attempt, from 1. */
  readonly attempt: number;
}

/** Has checks come by, after the last attempt of a run. */
export async function playChecks(parts: Parts): Promise<PlayedChecks> {
  const { plan, timeline, github } = parts;
  const lastAttemptMs = timeline.now();
  const pending = leaveStatuses(parts);
  setRun({ ...parts, attempt: 1 }, otherRunId, 'in_progress', lastAttemptMs);
  if (plan.runAtFirst !== 'gone') setRun(parts, runId, plan.runAtFirst, lastAttemptMs);
  const checks: PlayedProcess[] = [];
  for (const [index, afterMs] of plan.afterMs.entries()) {
    await timeline.sleep(afterMs);
    checks.push(await playCheck(parts, index));
    if (index === 0 && isOpen(plan)) setRun(parts, runId, 'completed', timeline.now());
  }
  const run = github.model.runs.get(runId);
  const overSinceMs = run ? Date.parse(run.updated_at) : null;
  return { github, checks, overSinceMs, lastAttemptMs, pending };
}

function isOpen({ runAtFirst }: ChecksPlan): boolean {
  return runAtFirst !== 'completed' && runAtFirst !== 'gone';
}

function setRun({ github, attempt }: Parts, id: number, status: string, atMs: number): void {
  const at = new Date(atMs).toISOString();
  const times: Omit<ModelRun, 'id' | 'run_attempt' | 'status'> = {
    created_at: at,
    run_started_at: at,
    updated_at: at,
  };
  github.model.runs.set(id, { id, run_attempt: attempt, status, ...times });
}

/** As steps with `commit-status: true` leave them: by themselves, or because they died. */
function leaveStatuses({ plan, service, github }: Parts): readonly string[] {
  const url = `https://github.com/${github.model.repository}/actions/runs/${runId}`;
  const kind = plan.areStatusesLeft ? 'left' : 'job';
  return service.jobs().map(({ uuid }) => {
    const target = `${url}#dispersed-${kind}-${uuid}`;
    const status = { sha, state: 'pending', context: `dispersed / ${uuid}`, description: 'Queued' };
    github.model.statuses.push({ ...status, target_url: target });
    return uuid;
  });
}

async function playCheck({ plan, timeline, github, machine }: Parts, index: number) {
  const running = launch(
    machine,
    `check${index + 1}`,
    async (deps, process) => check({ ...deps, openGitHub: () => github.connect(process) }),
    {
      inputs: {
        'public-key': keys.publicKey,
        'secret-key': keys.secretKey,
        'github-token': 'ghs_simulated',
        'follow-up': 'deploy.yml',
      },
      kept: new Map(),
      env: { GITHUB_RUN_ID: '9999', GITHUB_SHA: sha },
    },
  );
  if (index === 0 && plan.killedAfterMs !== null) timeline.after(plan.killedAfterMs, running.kill);
  await running.ended;
  return running.played;
}
