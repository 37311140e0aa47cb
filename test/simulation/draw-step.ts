import { gpuNames, maxRuns } from './draw-service.ts';
import type { Dice } from './dice.ts';
import type { EntryPlan, PlannedRecipe, StepPlan, StepPolicy } from './plan.ts';
import { keys } from './service.ts';

const access = { 'public-key': keys.publicKey, 'secret-key': keys.secretKey };

/**
 * Draws a step that cooks.
 * @param wait given where it must or must not wait
 */
export function drawCook(
  dice: Dice,
  name: string,
  action: string,
  recipes: readonly PlannedRecipe[],
  wait = dice.chance(0.85),
): StepPlan {
  const drawn = { ...drawPolicy(dice, wait), ...drawServer(dice.fork('server'), wait) };
  const count = dice.weighted(
    [4, 1],
    [4, dice.int(2, 4)],
    [2, dice.int(5, 8)],
    [0.3, 30],
    [0.05, 100],
  );
  const ceilings = drawCeilings(dice.fork('ceilings'), count);
  // Where nobody watches, max-cost needs max-hourly-rate.
  const isUnbounded = !wait && ceilings.maxHourlyRateUsd === null;
  const policy = { ...drawn, ...ceilings, ...(isUnbounded && { maxCostUsd: null }) };
  const isTitled = dice.chance(0.6);
  const secret = dice.chance(0.3) ? `sesame-${dice.uuid()}` : null;
  const entries = Array.from({ length: count }, (_, index): EntryPlan => ({
    recipeUuid: dice.pick(recipes).uuid,
    title: isTitled ? `${dice.pick(['Frame', 'Übung', 'シーン'])} ${index + 1}` : null,
  }));
  return {
    name,
    command: 'cook',
    action,
    inputs: {
      ...access,
      ...policyInputs(policy, true),
      recipes: sayEntries(entries),
      ...(secret !== null && { env: `RENDER_TOKEN=${secret}` }),
    },
    entries,
    policy,
    of: null,
    unknownUuid: null,
    secret,
  };
}

/** Draws a step that waits for the jobs of step A, or cancels them. */
export function drawFollower(dice: Dice, command: 'wait' | 'cancel'): StepPlan {
  const drawn = drawPolicy(dice, true);
  const policy: StepPolicy = { ...drawn, onJobEnd: 'keep', onRerun: 'cook', maxParallel: 0 };
  return {
    name: 'W',
    command,
    action: '__run_3',
    inputs: command === 'cancel' ? access : { ...access, ...policyInputs(policy, false) },
    entries: [],
    policy,
    of: 'A',
    unknownUuid: dice.chance(0.15) ? dice.uuid() : null,
    secret: null,
  };
}

/** What is asked of the GPUs and of servers. */
function drawServer(dice: Dice, wait: boolean): Pick<StepPolicy, 'gpuNames' | 'readyCheck'> {
  const names = dice.chance(0.3) ? gpuNames.slice(0, dice.int(1, 3)) : [];
  return { gpuNames: names, readyCheck: wait && dice.chance(0.3) };
}

/** Ceilings, often too low for what is cooked, and never so that a share is under a minute. */
function drawCeilings(
  dice: Dice,
  count: number,
): Pick<StepPolicy, 'maxHourlyRateUsd' | 'maxCostUsd'> {
  const kind = dice.weighted([7, 'none'], [1, 'rate'], [1, 'cost'], [1.5, 'both']);
  const rateUsd = dice.pick([0.3, 0.5, 0.7, 1.4, 5]);
  // So many minutes of all jobs, each of up to three runs.
  const minutes = kind === 'both' ? maxRuns * dice.span(101, 1_000) : dice.span(20, 2_000);
  const costUsd = (count * rateUsd * (minutes / 100)) / 60;
  return {
    maxHourlyRateUsd: kind === 'rate' || kind === 'both' ? rateUsd : null,
    maxCostUsd: kind === 'cost' || kind === 'both' ? Math.ceil(costUsd * 1e6) / 1e6 : null,
  };
}

function drawPolicy(dice: Dice, wait: boolean): StepPolicy {
  const timeoutMs = wholeSeconds(dice.weighted([20, dice.span(5_000, 400_000)], [1, 20_700_000]));
  const waitUntil = dice.weighted<StepPolicy['waitUntil']>(
    [4, 'by-task'],
    [2, 'completed'],
    [2, 'running'],
  );
  const isLimited = waitUntil !== 'running' && dice.chance(0.2);
  return {
    wait,
    waitUntil: wait ? waitUntil : 'by-task',
    timeoutMs,
    pollMs: drawPollMs(dice, timeoutMs),
    onTimeout: dice.pick(['cancel', 'fail', 'detach']),
    onWorkflowCancel: dice.weighted([3, 'cancel'], [1, 'detach']),
    onJobEnd: dice.weighted([3, 'keep'], [1, 'cancel']),
    onRerun: 'cook',
    maxParallel: wait && isLimited ? dice.int(1, 3) : 0,
    failFast: wait && dice.chance(0.3),
    gpuNames: [],
    readyCheck: false,
    minVramGb: dice.fork('vram').chance(0.1) ? 23.5 : null,
    maxHourlyRateUsd: null,
    maxCostUsd: null,
    logs: dice.weighted([12, 'none'], [1, 'on-failure'], [1, 'stream']),
  };
}

// So that a life has some dozens of looks, not thousands; 0 is `auto`.
function drawPollMs(dice: Dice, timeoutMs: number): number {
  if (timeoutMs > 1_000_000) return 300_000;
  const shortest = Math.max(1_000, Math.ceil(timeoutMs / 40_000) * 1_000);
  if (shortest <= 5_000 && dice.chance(0.3)) return 0;
  return wholeSeconds(dice.span(shortest, shortest * 4));
}

function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1_000) * 1_000;
}

function policyInputs(policy: StepPolicy, isCook: boolean): Record<string, string> {
  const { waitUntil, pollMs, maxParallel, maxHourlyRateUsd, maxCostUsd } = policy;
  return {
    timeout: seconds(policy.timeoutMs),
    'on-timeout': policy.onTimeout,
    'on-workflow-cancel': policy.onWorkflowCancel,
    'poll-interval': pollMs === 0 ? 'auto' : seconds(pollMs),
    logs: policy.logs,
    ...(waitUntil !== 'by-task' && { 'wait-until': waitUntil }),
    ...(policy.failFast && { 'fail-fast': 'true' }),
    ...(isCook && {
      wait: String(policy.wait),
      'on-job-end': policy.onJobEnd,
      ...(policy.gpuNames.length > 0 && { 'gpu-name': policy.gpuNames.join('\n') }),
      ...(asksServers(policy) && { 'ready-check': '8080/health' }),
      ...(maxParallel > 0 && { 'max-parallel': String(maxParallel) }),
      ...(maxHourlyRateUsd !== null && { 'max-hourly-rate': String(maxHourlyRateUsd) }),
      ...(policy.minVramGb !== null && { 'min-vram-gb': String(policy.minVramGb) }),
      ...(maxCostUsd !== null && { 'max-cost': String(maxCostUsd) }),
    }),
  };
}

// The inputs refuse it otherwise.
function asksServers({ readyCheck, waitUntil, maxParallel }: StepPolicy): boolean {
  return readyCheck && waitUntil === 'by-task' && maxParallel === 0;
}

function seconds(ms: number): string {
  return `${ms / 1_000}s`;
}

function sayEntries(entries: readonly EntryPlan[]): string {
  return entries
    .map(({ recipeUuid, title }) =>
      title === null ? recipeUuid : `- {uuid: ${recipeUuid}, title: ${title}}`,
    )
    .join('\n');
}
