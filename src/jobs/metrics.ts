import type { Job } from '../service/schemas.ts';
import type { Outcome, JobRef } from './records.ts';
import { isFinal, isStarting } from './status.ts';

/**
 * When a job was created, started to run and ended, Unix ms; null while that is not known: the
 * service's times where they are precise (the older host gives dates alone), else those of the
 * observed status changes.
 */
export function timesOf(outcome: Outcome) {
  const { job, submittedAtMs } = outcome;
  if (job === null) return { createdMs: null, startedMs: null, endedMs: null };
  const seenAt = (isWanted: (status: string) => boolean) =>
    seenChanges(outcome).find(({ status }) => isWanted(status))?.atMs ?? null;
  return {
    createdMs: instantMs(job.created_at) ?? (wasThereBefore(outcome) ? null : submittedAtMs),
    startedMs: instantMs(job.started_at) ?? seenAt((status) => status === 'RUNNING'),
    endedMs: instantMs(job.completed_at) ?? seenAt(isFinal),
  };
}

/** Whether a job has not ended, as far as was seen: a status that is not known may be an end. */
export function isOpen({ job, ending }: Outcome): boolean {
  return job !== null && !isFinal(job.status) && ending !== 'final';
}

function wasThereBefore({ origin }: Outcome): boolean {
  return origin === 'attached' || origin === 'given';
}

// When a job got the status that it was found with is not known.
function seenChanges(outcome: Outcome): Outcome['timeline'] {
  return wasThereBefore(outcome) ? outcome.timeline.slice(1) : outcome.timeline;
}

/**
 * How long a job waited, in the queue and until its nodes were ready, and ran, all its runs together,
 * in whole seconds; null while not known.
 */
export function durationsOf(outcome: Outcome) {
  const phases = phasesOf(outcome);
  const isWhole = timesOf(outcome).createdMs !== null;
  return {
    queueSeconds: isWhole ? secondsOf(phases.filter(({ kind }) => kind !== 'running')) : null,
    runSeconds: secondsOf(phases.filter(({ kind }) => kind === 'running')),
  };
}

function secondsOf(phases: readonly JobPhase[]): number | null {
  const haveEnded = phases.length > 0 && phases.every(({ toMs }) => toMs !== null);
  const ms = phases.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, (toMs ?? 0) - fromMs), 0);
  return haveEnded ? Math.round(ms / 1000) : null;
}

/** What to call a job: its title, else its recipe. Foreign text. */
export function titleOf(ref: JobRef, job: Job | null): string {
  const { title, recipeUuid } = ref;
  return job?.title || title || (recipeUuid === null ? 'untitled' : `recipe ${recipeUuid}`);
}

export function uuidOf({ ref, job }: Outcome): string | null {
  return job?.uuid ?? ref.jobUuid;
}

/** The UUID of the recipe; null where it is not known. */
export function recipeOf({ ref, job }: Outcome): string | null {
  return ref.recipeUuid ?? job?.source_recipe_uuid ?? null;
}

/** The machine a job asks for, as far as it is known: `1 × RTX 4090, 8 CPU, 24 GB VRAM`. */
export function hardwareOf(job: Job | null): string {
  if (job === null) return '';
  const { gpu_count: count, gpu_name: name } = job;
  const amounts = [
    [job.cpu_count, 'CPU'],
    [job.min_ram_gb, 'GB RAM'],
    [job.min_vram_gb, 'GB VRAM'],
  ] as const;
  // A recipe may name a model and ask for none of it.
  const gpus = count ? `${count} × ${name || 'GPU'}` : count === 0 ? null : name;
  const others = amounts.map(([amount, what]) => amount && `${amount} ${what}`);
  return [gpus, ...others].filter(Boolean).join(', ');
}

/** A part of a job's life, Unix ms. */
export interface JobPhase {
  readonly kind: 'queued' | 'starting' | 'running';
  readonly fromMs: number;
  /** null where it has not ended. */
  readonly toMs: number | null;
}

/** How long the last run of a job took, in whole seconds; null where there was none, or it has not ended. */
export function lastRunSeconds(outcome: Outcome): number | null {
  const last = phasesOf(outcome).findLast(({ kind }) => kind === 'running');
  return last === undefined ? null : secondsOf([last]);
}

/**
 * A job's life, as far as it is known: when it was queued, when its node was prepared and when it
 * ran; the same again for each further run. Some take no time.
 */
export function phasesOf(outcome: Outcome): readonly JobPhase[] {
  const { createdMs, endedMs } = timesOf(outcome);
  if (outcome.job === null) return [];
  const phases: JobPhase[] = [];
  let waitingSinceMs = createdMs;
  const runs = runTimesOf(outcome);
  for (const { fromMs, toMs, hasStarted } of runs) {
    if (waitingSinceMs !== null) phases.push(...phasesOfWait(outcome, waitingSinceMs, fromMs));
    if (hasStarted) phases.push({ kind: 'running', fromMs, toMs });
    waitingSinceMs = toMs;
  }
  const waits = runs.length === 0 || !isFinal(outcome.job.status);
  if (waitingSinceMs !== null && waits)
    phases.push(...phasesOfWait(outcome, waitingSinceMs, endedMs));
  return phases;
}

function runTimesOf(outcome: Outcome) {
  const { startedMs, endedMs } = timesOf(outcome);
  const runs = outcome.runs.flatMap(({ started_at_ms: fromMs, ended_at_ms: toMs }) => {
    // A run that ended without a start still parts the wait before it from the one after it.
    const start = fromMs ?? toMs;
    if (start === null) return [];
    return { fromMs: start, toMs: toMs ?? endedMs, hasStarted: fromMs !== null };
  });
  if (runs.length > 0) return runs.toSorted((a, b) => a.fromMs - b.fromMs);
  return startedMs === null ? [] : [{ fromMs: startedMs, toMs: endedMs, hasStarted: true }];
}

// Only the observed status changes show when a node was assigned.
function phasesOfWait(outcome: Outcome, fromMs: number, toMs: number | null): readonly JobPhase[] {
  const isWithin = (atMs: number) => atMs >= fromMs && (toMs === null || atMs < toMs);
  const assigned = seenChanges(outcome).find(
    ({ status, atMs }) => isStarting(status) && isWithin(atMs),
  );
  if (assigned === undefined) return [{ kind: 'queued', fromMs, toMs }];
  const { atMs } = assigned;
  return [
    { kind: 'queued', fromMs, toMs: atMs },
    { kind: 'starting', fromMs: atMs, toMs },
  ];
}

/** Unix ms; null where it is not known: the older host gives dates without a time. */
export function instantMs(time: string | null): number | null {
  return time === null || time.length === 10 ? null : Date.parse(time);
}

const dayMs = 86_400_000;

/** Unix ms: of a date without a time, the end of that day. */
export function latestMs(time: string): number {
  return instantMs(time) ?? Date.parse(time) + dayMs;
}
