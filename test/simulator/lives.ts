import type { CookFields, NodeUrl } from './resources.ts';
import type { LogChunk, Phase, RecipeScript } from './types.ts';

/** When a job was cancelled, and why. */
export interface Cancel {
  atMs: number;
  reason: string | null;
}

/** All that a job's life depends on besides the time. */
export interface LifeCause {
  script: Pick<RecipeScript, 'life' | 'cancelTakesMs'>;
  cookedAtMs: number;
  cancel: Cancel | null;
  /** Of these, the run limit counts. */
  fields?: CookFields;
}

/** A job as of a point in time; all times are Unix ms. */
export interface Life {
  status: string;
  statusReason: string | null;
  updatedAtMs: number;
  startedAtMs: number | null;
  completedAtMs: number | null;
  runs: readonly RunLife[];
}

/** A run as of a point in time. */
export interface RunLife {
  status: string;
  beganAtMs: number;
  startedAtMs: number | null;
  endedAtMs: number | null;
  nodeUrls: readonly NodeUrl[];
  log: string;
}

/** A phase in time. `untilMs` is now for the one that lasts. */
interface Step {
  phase: Phase;
  atMs: number;
  untilMs: number;
}

/** Whether the status is one that never changes again. FAILED between two runs is not the end. */
function isFinal({ phase: { status, isEnd = false } }: Step): boolean {
  return isEnd || status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}

/** The life of a job up to now: depends on nothing else. */
export function lifeAt(cause: LifeCause, nowMs: number): Life {
  const steps = upTo(allSteps(cause), nowMs);
  const last = steps.at(-1);
  return {
    status: last?.phase.status ?? 'PENDING',
    statusReason: last?.phase.statusReason ?? null,
    updatedAtMs: last?.atMs ?? cause.cookedAtMs,
    startedAtMs: startOf(steps),
    completedAtMs: endOf(steps),
    runs: runsOf(steps),
  };
}

/** Those to come included. */
function allSteps({ script, cookedAtMs, cancel, fields = {} }: LifeCause): Step[] {
  const limitMs = fields.max_timeout_run_ms ?? Infinity;
  const steps = withinLimit(inSequence(script.life, cookedAtMs), limitMs);
  if (cancel === null || !hasMoreAfter(steps, cancel.atMs)) return steps;
  const rest = inSequence(cancelPhases(script, cancel), cancel.atMs);
  return [...upTo(steps, cancel.atMs), ...rest];
}

/**
 * The steps up to where a run has taken as long as it may: then it fails, and the next one begins
 * where the life has one.
 */
function withinLimit(steps: readonly Step[], limitMs: number): Step[] {
  const within: Step[] = [];
  let runAtMs: number | null = null;
  for (const [index, step] of steps.entries()) {
    if (step.phase.retry === true || isFinal(step)) runAtMs = null;
    if (step.phase.status === 'RUNNING') runAtMs ??= step.atMs;
    const endMs: number = runAtMs === null ? Infinity : runAtMs + limitMs;
    if (endMs < step.untilMs) {
      const later = steps.slice(index + 1).map(({ phase }) => phase);
      const next = later.findIndex(({ retry }) => retry === true);
      const failed = { status: 'FAILED', statusReason: 'Run timeout' };
      const rest = inSequence(next === -1 ? [failed] : later.slice(next), endMs);
      return [...within, { ...step, untilMs: endMs }, ...withinLimit(rest, limitMs)];
    }
    within.push(step);
  }
  return within;
}

function upTo(steps: readonly Step[], endMs: number): Step[] {
  const begun = steps.filter((step) => step.atMs <= endMs);
  return begun.map(({ phase, atMs, untilMs }) => ({
    phase,
    atMs,
    untilMs: Math.min(untilMs, endMs),
  }));
}

function inSequence(phases: readonly Phase[], fromMs: number): Step[] {
  let atMs = fromMs;
  return phases.map((phase) => {
    const step = { phase, atMs, untilMs: atMs + (phase.forMs ?? Infinity) };
    atMs = step.untilMs;
    return step;
  });
}

/** A job can be cancelled while there is life in it. */
function hasMoreAfter(steps: readonly Step[], atMs: number): boolean {
  return steps.some((step) => step.untilMs > atMs && step.atMs < Infinity && !isFinal(step));
}

function cancelPhases(script: LifeCause['script'], { reason }: Cancel): Phase[] {
  const why = reason === null ? {} : { statusReason: reason };
  const cancelled = { status: 'CANCELLED', ...why };
  const takesMs = script.cancelTakesMs ?? 0;
  if (takesMs === 0) return [cancelled];
  return [{ status: 'CANCELLING', forMs: takesMs, ...why }, cancelled];
}

function startOf(steps: readonly Step[]): number | null {
  return steps.find(({ phase }) => phase.status === 'RUNNING')?.atMs ?? null;
}

/** The first of the final steps at the end, if it does end in one. */
function endOf(steps: readonly Step[]): number | null {
  return steps[steps.findLastIndex((step) => !isFinal(step)) + 1]?.atMs ?? null;
}

function runsOf(steps: readonly Step[]): RunLife[] {
  const groups = groupedByRun(steps);
  return groups.map((group, index) => {
    const nextRunAtMs = groups[index + 1]?.[0]?.atMs ?? null;
    return {
      status: nextRunAtMs === null ? (group.at(-1)?.phase.status ?? '') : 'FAILED',
      beganAtMs: group[0]?.atMs ?? 0,
      startedAtMs: startOf(group),
      endedAtMs: endOf(group) ?? nextRunAtMs,
      nodeUrls: group.findLast(({ phase }) => phase.nodeUrls)?.phase.nodeUrls ?? [],
      log: group.flatMap(printedIn).reduce(print, ''),
    };
  });
}

function groupedByRun(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const isFirst = groups.length === 0 && isOnNode(step.phase);
    if (isFirst || step.phase.retry === true) groups.push([]);
    groups.at(-1)?.push(step);
  }
  return groups;
}

/** A job that fails or is cancelled in the queue has no run. */
function isOnNode({ status, log }: Phase): boolean {
  const isOffNode = ['PENDING', 'FAILING', 'FAILED', 'CANCELLING', 'CANCELLED'].includes(status);
  return log !== undefined || !isOffNode;
}

function printedIn({ phase, atMs, untilMs }: Step): readonly LogChunk[] {
  return (phase.log ?? []).filter((chunk) => atMs + chunk.atMs <= untilMs);
}

function print(log: string, { text, isInPlace = false }: LogChunk): string {
  const kept = isInPlace ? log.slice(0, log.trimEnd().lastIndexOf('\n') + 1) : log;
  return kept + text;
}
