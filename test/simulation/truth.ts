import type { Sent } from './network.ts';
import type { StepPlan } from './plan.ts';
import type { PlayedLife, PlayedStep } from './play.ts';
import type { SimulatedJob } from './service.ts';

// What really happened, for the checks: from the service and the network, not from the action.

/** Something that was promised and did not hold. */
export interface Violation {
  readonly check: string;
  readonly what: string;
}

/** The jobs that a step has cooked, by entry: of each all that were taken, oldest first. */
export function jobsByEntry(life: PlayedLife, step: PlayedStep): readonly SimulatedJob[][] {
  const groups = new Map<string, SimulatedJob[]>();
  for (const job of life.service.jobs()) {
    if (job.cookedBy !== step.main.name) continue;
    const group = groups.get(job.description) ?? [];
    group.push(job);
    groups.set(job.description, group);
  }
  return [...groups.values()];
}

/** Whether a later cook of its entry, with another model or by a re-run, has taken the place of a job. */
export function isReplaced(life: PlayedLife, step: PlayedStep, job: SimulatedJob): boolean {
  const place = placeOf(step, job);
  if (place === null) return false;
  return life.service.jobs().some((other) => {
    const isNext = other.cookedBy === step.main.name && other.takenAtMs > job.takenAtMs;
    const isInstead = other.gpuName !== job.gpuName || other.cookedBy !== job.cookedBy;
    return isNext && isInstead && placeOf(step, other) === place;
  });
}

/** The entry of a step that all tries of it share; null where several are alike. */
export function placeOf({ plan }: PlayedStep, job: SimulatedJob): number | null {
  const alike = plan.entries.flatMap(({ recipeUuid, title }, index) =>
    recipeUuid === job.recipeUuid && (title === null || title === job.title) ? [index] : [],
  );
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

/** Whether a step has a ceiling on what its jobs cost. */
export function hasCeiling({ policy }: StepPlan): boolean {
  return policy.maxHourlyRateUsd !== null || policy.maxCostUsd !== null;
}

/** The requests of a process. */
export function sentBy({ sent }: PlayedLife, name: string): readonly Sent[] {
  return sent.filter(({ by }) => by === name);
}

/** The description that a cook was sent with; it tells the entries of a step apart. */
export function descriptionOf({ body }: Sent): string {
  const { description } = JSON.parse(body ?? '{}') as { description?: string };
  return description ?? '';
}

/** Whether the sender of a request cannot know what came of it. */
export function isInDoubt({ status, fault }: Sent): boolean {
  if (status === null) return fault?.effect.type !== 'unreachable';
  if (status === 408 || status >= 500) return true;
  return status < 300 && fault !== null;
}

/** Whether it was answered as it should be. */
export function isAnswered({ status, fault }: Sent): boolean {
  return fault === null && status !== null && status < 300;
}

/** Whether a job has ended for good by then. */
export function hasEnded(job: SimulatedJob, atMs: number): boolean {
  const endedAtMs = job.endedAtMs();
  return endedAtMs !== null && endedAtMs <= atMs;
}

/** What a step reported of one job. */
export interface Reported {
  readonly jobUuid: string | null;
  readonly recipeUuid: string | null;
  readonly status: string | null;
  readonly result: string;
}

/** What a step reported of each of its entries; empty where it came to no verdict. */
export function reportedBy({ main }: PlayedStep): readonly Reported[] {
  const text = main.runner.heard.outputs.get('jobs');
  if (text === undefined || main.killed) return [];
  const rows = JSON.parse(text) as Record<string, string | null>[];
  return rows.map((row) => ({
    jobUuid: row['job_uuid']?.toLowerCase() ?? null,
    recipeUuid: row['recipe_uuid']?.toLowerCase() ?? null,
    status: row['status'] ?? null,
    result: row['result'] ?? '',
  }));
}

/** The entry of a step that a job belongs to; null where several are alike. */
export function entryOf(step: PlayedStep, job: SimulatedJob): number | null {
  const reported = reportedBy(step).findIndex(({ jobUuid }) => jobUuid === job.uuid);
  if (reported >= 0) return reported;
  return placeOf(step, job);
}

/** All that a process has said to people, one text an item. */
export function saidBy(process: PlayedStep['post']): readonly string[] {
  if (process === null) return [];
  const { lines, annotations, summary } = process.runner.heard;
  const notes = annotations.map(({ title, message }) => `${title}: ${message}`);
  return [...lines, ...notes, summary()];
}

/** The mark at the end of a job's description. */
export function markOf({ description }: SimulatedJob): string {
  return /\[([^\]]+)\]\s*$/.exec(description)?.[1] ?? description;
}

/** When a process was told to stop, by a signal or by being killed; null where it was not. */
export function toldAtMs({ signalMs, killed, endMs }: PlayedStep['main']): number | null {
  return signalMs ?? (killed ? endMs : null);
}

/** Whether a text names a job: by UUID or by mark. */
export function names(text: string, job: SimulatedJob): boolean {
  return text.toLowerCase().includes(job.uuid) || text.includes(markOf(job));
}

/** The request that a job came from. */
export function cookOf(life: PlayedLife, job: SimulatedJob): Sent | undefined {
  return sentBy(life, job.cookedBy).find(
    (each) =>
      each.kind === 'cook' &&
      each.takenAtMs === job.takenAtMs &&
      descriptionOf(each) === job.description,
  );
}

/** How often the service may start a job once more. */
export function retriesOf({ plan }: PlayedLife, { recipeUuid }: SimulatedJob): number {
  const recipe = plan.service.recipes.find(({ uuid }) => uuid === recipeUuid);
  return recipe?.payload?.max_retry_count ?? 0;
}

/** Whether the cook that a job came from was answered, so that its step took it for its own. */
export function wasAnswered(life: PlayedLife, job: SimulatedJob): boolean {
  return sentBy(life, job.cookedBy).some(
    ({ kind, shows }) => kind === 'cook' && shows.includes(job.uuid),
  );
}

/**
 * A job is given up only when the service refuses to tell: 404 twice, the second half a minute after the
 * cook, or another lasting 4xx. Or when it never answered this process for a minute and a half.
 */
export function mayBeLost(life: PlayedLife, name: string, job: SimulatedJob): boolean {
  const sent = sentBy(life, name);
  // Before anything else was answered.
  const isSilent = ({ status }: Sent) => status === null || status === 408 || status >= 500;
  const answeredAtMs = sent.find((each) => !isSilent(each))?.sentAtMs ?? sent.at(-1)?.sentAtMs ?? 0;
  if (answeredAtMs - (sent[0]?.sentAtMs ?? 0) >= 90_000) return true;
  const about = sentBy(life, name).filter(({ path }) => path.toLowerCase().includes(job.uuid));
  const notFound = about.filter(({ status }) => status === 404);
  const isLate = notFound.some(({ endedAtMs }) => (endedAtMs ?? 0) >= job.takenAtMs + 29_000);
  if (notFound.length >= 2 && isLate) return true;
  // Web pages: it is no API.
  const isPage = ({ fault }: Sent) =>
    fault?.effect.type === 'answer' && fault.effect.text.startsWith('<');
  const isOther = (each: Sent) => isPage(each) || (each.fault !== null && each.status === 200);
  if (sent.filter(isOther).length >= 2) return true;
  return about.some(({ status, fault }) => {
    if (fault === null || status === null || status < 400 || status >= 500) return false;
    return ![404, 408, 429].includes(status);
  });
}

/** Whether what the step is there for could not be done: the cook of a job, or its cancel. */
export function mayHaveFailed(life: PlayedLife, step: PlayedStep, job: SimulatedJob): boolean {
  if (step.plan.command !== 'cancel') return !wasAnswered(life, job);
  const cancels = sentBy(life, step.main.name).filter(
    ({ kind, path }) => kind === 'cancel' && path.toLowerCase().includes(job.uuid),
  );
  const last = cancels.at(-1);
  // The service may refuse to cancel what has failed.
  return last !== undefined && (last.fault !== null || last.status === 409);
}
