import { createHash } from 'node:crypto';
import { lifeAt } from './lives.ts';
import type { Listed } from './lists.ts';
import type { Cancel, Life, RunLife } from './lives.ts';
import type { ContainerAccessToken, CookFields, Job, JobRun } from './resources.ts';
import type { Generation, RecipeScript } from './types.ts';
import { uuidFrom } from './uuids.ts';

/** What is kept of a job: its state is worked out from it. */
export interface JobRecord {
  uuid: string;
  recipeUuid: string | null;
  script: RecipeScript;
  fields: CookFields;
  cookedAtMs: number;
  cancel: Cancel | null;
}

const defaults = {
  title: '',
  description: null,
  task: 'BATCH',
  cpu_count: 0,
  gpu_count: null,
  gpu_name: null,
  gpu_registry_uuid: null,
  min_ram_gb: 0,
  min_vram_gb: 0,
  min_storage_gb: 0,
  max_node_count: 1,
  max_retry_count: 0,
  max_timeout_assign_ms: 300_000,
  max_timeout_start_ms: 300_000,
  max_timeout_run_ms: null,
  parameters: null,
} as const;

/** The job as the API shows it. It echoes every secret, as the service may. */
export function jobAt(record: JobRecord, nowMs: number, generation: Generation): Job {
  const life = lifeAt(record, nowMs);
  const { allowed_region_codes = [], ...fields } = { ...defaults, ...record.fields };
  return {
    object: 'job',
    uuid: record.uuid,
    ...datesOf(record, life, generation),
    status: life.status,
    status_reason: life.statusReason,
    ...fields,
    timeout_assign_at_ms:
      life.status === 'PENDING' ? record.cookedAtMs + fields.max_timeout_assign_ms : null,
    image_size_bytes: null,
    container_access_tokens: tokensOf(record.uuid, record.script),
    source_recipe_uuid: record.recipeUuid,
    ...(generation === 'new' && { allowed_region_codes }),
  };
}

function datesOf({ cookedAtMs }: JobRecord, life: Life, generation: Generation) {
  return {
    created_at: dateOf(cookedAtMs, generation),
    updated_at: dateOf(life.updatedAtMs, generation),
    started_at: life.startedAtMs === null ? null : dateOf(life.startedAtMs, generation),
    completed_at: life.completedAtMs === null ? null : dateOf(life.completedAtMs, generation),
  };
}

/** An ISO date-time on the new generation, only the date on the old one. */
export function dateOf(atMs: number, generation: Generation): string {
  const date = new Date(atMs).toISOString();
  return generation === 'new' ? date : date.slice(0, 'YYYY-MM-DD'.length);
}

/** The job's runs so far, oldest first, with their logs. */
export function runsAt(record: JobRecord, nowMs: number): Listed<JobRun>[] {
  return lifeAt(record, nowMs).runs.map((run, index) => ({
    createdAtMs: run.beganAtMs,
    resource: runOf(record, run, index, nowMs),
  }));
}

function runOf({ uuid, script }: JobRecord, run: RunLife, index: number, nowMs: number): JobRun {
  const runUuid = uuidFrom(`${uuid} ${index}`);
  const { rateAfterMs = 0, firstRateUsd = null, logsAsArray, logWindow = Infinity } = script;
  const log = run.log.slice(-logWindow);
  const isRated = nowMs - run.beganAtMs >= rateAfterMs;
  const rate = isRated ? rateOf(script, index) : firstRateUsd;
  return {
    object: 'job_run',
    uuid: runUuid,
    job_uuid: uuid,
    status: run.status,
    started_at_ms: run.startedAtMs,
    ended_at_ms: run.endedAtMs,
    duration_ms: durationOf(run),
    node_urls: run.nodeUrls,
    container_access_tokens: tokensOf(runUuid, script),
    ...(rate !== null && { hourly_rate_usd: rate }),
    logs: logsAsArray ? linesOf(log, logsAsArray) : log,
  };
}

/** What a run costs an hour on one node, in US dollars; null where nobody knows. */
export function rateOf({ hourlyRateUsd: rates }: RecipeScript, index: number): number | null {
  if (typeof rates === 'number') return rates;
  return rates?.[Math.min(index, rates.length - 1)] ?? null;
}

/** 0 while it is not known. */
function durationOf({ startedAtMs, endedAtMs }: RunLife): number {
  return startedAtMs === null || endedAtMs === null ? 0 : endedAtMs - startedAtMs;
}

function linesOf(log: string, form: true | 'objects'): (string | { message: string })[] {
  const lines = log === '' ? [] : log.replace(/\n$/, '').split('\n');
  return form === 'objects' ? lines.map((message) => ({ message })) : lines;
}

function tokensOf(uuid: string, { accessTokens = true }: RecipeScript): ContainerAccessToken[] {
  if (!accessTokens) return [];
  const secret = createHash('sha256').update(`token of ${uuid}`).digest('hex');
  return [{ container: 'main', token: `cat_sim_${secret}` }];
}
