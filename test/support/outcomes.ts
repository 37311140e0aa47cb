import { createOutcome } from '../../src/jobs/outcome.ts';
import { isFinal } from '../../src/jobs/status.ts';
import type { RunRef } from '../../src/inputs/context.ts';
import type { JobRef, Outcome } from '../../src/jobs/records.ts';
import type { Job, JobRun } from '../../src/service/schemas.ts';

/** When the made-up jobs were cooked. */
export const cookedAtMs = Date.UTC(2026, 5, 1, 3);

const iso = (ms: number) => new Date(ms).toISOString();

/** When a made-up job was found a node, began to run and ended, in seconds since its cook. */
export interface Pace {
  readonly assigned?: number;
  readonly started?: number;
  readonly ended?: number;
}

/** A UUID for each number. */
export function uuidNumber(number: number): string {
  return `0198ac1c-7063-4be8-bb94-${String(number).padStart(12, '0')}`;
}

/** A job as the service describes it. */
export function fakeJob(changes: Partial<Job> = {}, { started, ended }: Pace = {}): Job {
  return {
    uuid: uuidNumber(1),
    status: 'COMPLETED',
    title: 'Render three frames',
    description: null,
    status_reason: null,
    task: 'BATCH',
    source_recipe_uuid: uuidNumber(0),
    created_at: iso(cookedAtMs),
    started_at: started === undefined ? null : iso(cookedAtMs + started * 1000),
    completed_at: ended === undefined ? null : iso(cookedAtMs + ended * 1000),
    cpu_count: 8,
    gpu_count: 1,
    gpu_name: 'RTX 4090',
    min_vram_gb: 24,
    min_ram_gb: 0,
    max_retry_count: 0,
    max_timeout_assign_ms: 300_000,
    max_timeout_run_ms: 7_200_000,
    max_node_count: 1,
    ...changes,
  };
}

/** A run; times in seconds since the cook. */
export function fakeRun(changes: Partial<JobRun> = {}, { started, ended }: Pace = {}): JobRun {
  const msOf = (seconds: number | undefined) =>
    seconds === undefined ? null : cookedAtMs + seconds * 1000;
  return {
    uuid: uuidNumber(900),
    status: 'COMPLETED',
    job_uuid: uuidNumber(1),
    started_at_ms: msOf(started),
    ended_at_ms: msOf(ended),
    duration_ms: started === undefined || ended === undefined ? null : (ended - started) * 1000,
    hourly_rate_usd: 0.69,
    node_urls: null,
    ...changes,
  };
}

/** What became of a made-up job: it succeeded, unless told otherwise. */
export function fakeOutcome(
  changes: Partial<Outcome> = {},
  job: Partial<Job> = {},
  pace: Pace = { assigned: 42, started: 95, ended: 412 },
): Outcome {
  const known = createOutcome({
    ref: fakeRef(),
    origin: 'cooked',
    submittedAtMs: cookedAtMs,
    ending: isFinal(job.status ?? 'COMPLETED') ? 'final' : 'running',
    job: fakeJob(job, pace),
    runs: [fakeRun({}, pace)],
    timeline: timelineOf(pace, job.status ?? 'COMPLETED'),
  });
  return { ...known, result: 'succeeded', ...changes };
}

/** A made-up workflow run. */
export function fakeRunRef(changes: Partial<RunRef> = {}): RunRef {
  return {
    server: 'github.com',
    repository: 'acme/renders',
    repositoryId: '7',
    runId: '1',
    runAttempt: 1,
    sha: '',
    workflow: 'Nightly',
    ...changes,
  };
}

/** What a made-up job is about: the first recipe, and nothing else. */
export function fakeRef(changes: Partial<JobRef> = {}): JobRef {
  const nothing = { jobUuid: null, title: null };
  return { index: 0, recipeUuid: uuidNumber(0), ...nothing, ...changes };
}

function timelineOf({ assigned, started, ended }: Pace, status: string): Outcome['timeline'] {
  const changes: readonly (readonly [string, number | undefined])[] = [
    ['PENDING', 0],
    ['ASSIGNED', assigned],
    ['RUNNING', started],
    [status, ended],
  ];
  return changes.flatMap(([name, seconds]) =>
    seconds === undefined ? [] : [{ status: name, atMs: cookedAtMs + seconds * 1000 }],
  );
}

/** As a step has them: each knows its place. */
export function inOrder(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.map((outcome, index) => ({ ...outcome, ref: { ...outcome.ref, index } }));
}
