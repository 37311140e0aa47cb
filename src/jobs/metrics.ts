import type { Job } from '../api/schemas.ts';
import type { Outcome, JobRef } from './records.ts';

/** How long a job was queued and ran, in seconds; null while that is not known. */
export interface Spans {
  readonly queueSeconds: number | null;
  readonly runSeconds: number | null;
}

/** When a job was made, began to run and ended, Unix ms; null while that is not known. */
export interface Times {
  readonly createdMs: number | null;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
}

/**
 * The times of a job: the service's own where they are precise, else what was seen from here (the
 * old host gives days without a time).
 */
export function timesOf({ job, submittedAtMs, timeline }: Outcome): Times {
  if (job === null) return { createdMs: null, startedMs: null, endedMs: null };
  return {
    createdMs: instantMs(job.created_at) ?? submittedAtMs,
    startedMs: instantMs(job.started_at) ?? seenAt(timeline, ['RUNNING']),
    endedMs: instantMs(job.completed_at) ?? seenAt(timeline, ['COMPLETED', 'FAILED', 'CANCELLED']),
  };
}

/** Queue and run time of a job. */
export function spansOf(outcome: Outcome): Spans {
  const { createdMs, startedMs, endedMs } = timesOf(outcome);
  return {
    queueSeconds: secondsBetween(createdMs, startedMs),
    runSeconds: secondsBetween(startedMs, endedMs),
  };
}

/** What to call a job: its title, else its recipe. Foreign text. */
export function titleOf(subject: JobRef, job: Job | null): string {
  const { title, recipeUuid } = subject;
  return job?.title || title || (recipeUuid === null ? 'untitled' : `recipe ${recipeUuid}`);
}

/** The UUID of a job, where there is one. */
export function uuidOf({ subject, job }: Outcome): string | null {
  return job?.uuid ?? subject.jobUuid;
}

/** The recipe of a job, where it is known. */
export function recipeOf({ subject, job }: Outcome): string | null {
  return subject.recipeUuid ?? job?.source_recipe_uuid ?? null;
}

/** The machine a job asks for, as far as it is known: `1 × RTX 4090, 8 CPU, 24 GB VRAM`. */
export function hardwareOf(job: Job | null): string {
  if (job === null) return '';
  const gpus = job.gpu_count ? `${job.gpu_count} × ${job.gpu_name || 'GPU'}` : job.gpu_name;
  return [
    gpus,
    job.cpu_count ? `${job.cpu_count} CPU` : null,
    job.min_ram_gb ? `${job.min_ram_gb} GB RAM` : null,
    job.min_vram_gb ? `${job.min_vram_gb} GB VRAM` : null,
  ]
    .filter(Boolean)
    .join(', ');
}

function instantMs(time: string | null): number | null {
  return time === null || time.length === 10 ? null : Date.parse(time);
}

function seenAt(timeline: Outcome['timeline'], statuses: readonly string[]): number | null {
  return timeline.find(({ status }) => statuses.includes(status))?.atMs ?? null;
}

function secondsBetween(fromMs: number | null, toMs: number | null): number | null {
  if (fromMs === null || toMs === null) return null;
  return Math.max(0, Math.round((toMs - fromMs) / 1000));
}
