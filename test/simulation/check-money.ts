import { exampleOffers } from '../simulator/offers.ts';
import type { StepPlan } from './plan.ts';
import type { PlayedLife, PlayedStep } from './play.ts';
import type { SimulatedJob, SimulatedRun } from './service.ts';
import { hasCeiling, reportedBy, sentBy, toldAtMs, type Violation } from './truth.ts';

// What jobs cost stays below the ceilings of their step, and is not said to be more than it is.

const second = 1_000;
const hour = 3_600 * second;
// For binary fractions, and limits that are sent in whole ms.
const roundingUsd = 1e-6;

/** Checks what was billed. */
export function checkMoney(life: PlayedLife): readonly Violation[] {
  const cooks = life.steps.filter(({ plan }) => plan.command === 'cook' && hasCeiling(plan));
  return cooks.flatMap((step) => {
    const jobs = life.service.jobs().filter(({ cookedBy }) => cookedBy === step.main.name);
    return [
      ...jobs.flatMap((job) => checkShare(life, step, job)),
      ...checkSum(life, step, jobs),
      ...jobs.flatMap((job) => [...checkRate(life, step, job), ...checkCooked(life, step, job)]),
      ...checkSaid(life, step),
    ];
  });
}

/** With both ceilings a job costs its share at most, also when nobody watches it. */
function checkShare(
  life: PlayedLife,
  { plan }: PlayedStep,
  job: SimulatedJob,
): readonly Violation[] {
  const { maxHourlyRateUsd, maxCostUsd } = plan.policy;
  if (maxHourlyRateUsd === null || maxCostUsd === null || job.isServer) return [];
  // Nothing bounds a dearer machine while nobody watches.
  const dearestUsd = Math.max(maxHourlyRateUsd, ...job.runs().map(({ hourlyUsd }) => hourlyUsd));
  const shareUsd = (maxCostUsd / plan.entries.length) * (dearestUsd / maxHourlyRateUsd);
  // A cancel just before the limit takes its time.
  const stopMs = job.cancels.length > 0 ? longestCancelMs(life) : 0;
  const usd = job.costUsdAt(Infinity);
  if (usd <= shareUsd + (dearestUsd * stopMs) / hour + roundingUsd) return [];
  return [{ check: 'more than its share', what: `${job.uuid}: ${usd} of ${shareUsd} USD` }];
}

/** What a step that watches its jobs has spent on them stays below max-cost. */
function checkSum(
  life: PlayedLife,
  step: PlayedStep,
  jobs: readonly SimulatedJob[],
): readonly Violation[] {
  const { maxCostUsd } = step.plan.policy;
  if (maxCostUsd === null || !isWatched(life, step) || !isKnownInTime(life, step, jobs)) return [];
  const usd = jobs.reduce((sum, job) => sum + spentUsd(step, job), 0);
  const lateUsd = (hourlyOf(jobs) * cancelLateMs(life)) / hour;
  if (usd <= maxCostUsd + lateUsd + roundingUsd) return [];
  return [{ check: 'more than max-cost', what: `${step.main.name}: ${usd} of ${maxCostUsd} USD` }];
}

/** Whether a step could look at its jobs from the first cook to its end. */
function isWatched(life: PlayedLife, { main, plan }: PlayedStep): boolean {
  const isCalm = sentBy(life, main.name).every(({ fault }) => fault === null);
  const { uuidFilter, ignoredCancels } = life.plan.service;
  return (
    plan.policy.wait && !main.killed && isCalm && uuidFilter !== 'fails' && ignoredCancels === 0
  );
}

/** When a step stops watching. */
function watchedUntilMs({ main, plan }: PlayedStep): number {
  return Math.min(toldAtMs(main) ?? main.endMs, main.startMs + plan.policy.timeoutMs);
}

function spentUsd(step: PlayedStep, job: SimulatedJob): number {
  const isCancelled = job.cancels.some(({ by }) => by === step.main.name);
  return job.costUsdAt(isCancelled ? Infinity : watchedUntilMs(step));
}

function hourlyOf(jobs: readonly SimulatedJob[]): number {
  return jobs.reduce((sum, job) => sum + dearestOf(job), 0);
}

function dearestOf(job: SimulatedJob): number {
  return Math.max(0, ...job.runs().map(({ hourlyUsd }) => hourlyUsd));
}

const cancelMs = 15 * second;

/** How much longer a cancel takes than is allowed for. */
function cancelLateMs(life: PlayedLife): number {
  const { latencyMs } = life.plan.service;
  return Math.max(0, longestCancelMs(life) + 4 * latencyMs + 3 * second - cancelMs);
}

function longestCancelMs({ plan: { service } }: PlayedLife): number {
  return Math.max(...service.recipes.map(({ cancelTakesMs = 0 }) => cancelTakesMs));
}

/** The longest until a rate that the service tells is known to a step. */
function lookMs({ plan: { service } }: PlayedLife, { plan }: PlayedStep): number {
  const pauseMs = Math.min(plan.policy.pollMs || Infinity, 20 * second) * 1.1;
  return pauseMs + service.readLagMs + 6 * service.latencyMs + 2 * second;
}

/** Whether the rates were known while there was still time for a cancel. */
function isKnownInTime(life: PlayedLife, step: PlayedStep, jobs: readonly SimulatedJob[]): boolean {
  const { maxHourlyRateUsd, maxCostUsd } = step.plan.policy;
  const knownAtMs = jobs.flatMap((job) =>
    job.runs().flatMap((run) => {
      // Until then it counts as max-hourly-rate, from the look on that shows that it runs.
      const isAssumed = run.hourlyUsd <= (maxHourlyRateUsd ?? 0);
      // A server is billed while it exists, whether or not it runs.
      const billedFromMs = job.isServer ? job.takenAtMs : run.startedAtMs;
      const isSpared = billedFromMs === null || billedFromMs >= watchedUntilMs(step);
      if (isSpared) return [];
      const ratedAtMs = isAssumed ? billedFromMs : run.ratedAtMs;
      return [Math.max(ratedAtMs, billedFromMs) + lookMs(life, step)];
    }),
  );
  const leftUsd = ((cancelMs + 3 * second) * hourlyOf(jobs)) / hour;
  // What a cancel alone costs no ceiling can hold.
  if (leftUsd > (maxCostUsd ?? Infinity)) return false;
  return knownAtMs.every((atMs) => {
    const usd = jobs.reduce((sum, job) => sum + job.costUsdAt(atMs), 0);
    return usd + leftUsd <= (maxCostUsd ?? Infinity);
  });
}

// A rate is read again every minute at least.
const rateEveryMs = 60 * second;
// A step lets a job go that runs as asked, half a minute after.
const goalMs = 25 * second;

/** A dearer machine is given back within a look. */
function checkRate(life: PlayedLife, step: PlayedStep, job: SimulatedJob): readonly Violation[] {
  const { maxHourlyRateUsd } = step.plan.policy;
  if (maxHourlyRateUsd === null || !isWatched(life, step)) return [];
  const dear = job.runs().filter((run) => {
    const untilMs = Math.min(run.endedAtMs ?? Infinity, watchedUntilMs(step));
    const isShown = shownAtMs(job, run) <= (run.startedAtMs ?? Infinity) + goalMs;
    const isAlive = shownAtMs(job, run) + lookMs(life, step) < untilMs;
    return run.hourlyUsd > maxHourlyRateUsd && isShown && isAlive;
  });
  return dear.flatMap((run) => {
    const { hourlyUsd } = run;
    const unseenMs = wasSeenToBegin(life, step, job, run) ? 0 : rateEveryMs;
    const byMs = shownAtMs(job, run) + unseenMs + lookMs(life, step);
    if (job.cancels.some(({ atMs }) => atMs <= byMs)) return [];
    return [{ check: 'dearer than max-hourly-rate', what: `${job.uuid} at ${hourlyUsd}` }];
  });
}

/** Whether a look came between a run and the one before: else it is found when rates are read again. */
function wasSeenToBegin(
  life: PlayedLife,
  { main }: PlayedStep,
  job: SimulatedJob,
  { startedAtMs }: SimulatedRun,
): boolean {
  const begunMs = startedAtMs ?? Infinity;
  const before = job.runs().findLast(({ endedAtMs }) => (endedAtMs ?? Infinity) <= begunMs);
  if (before === undefined) return true;
  return sentBy(life, main.name).some(({ shows, takenAtMs }) => {
    const atMs = takenAtMs ?? -Infinity;
    return shows.includes(job.uuid) && atMs >= (before.endedAtMs ?? 0) && atMs < begunMs;
  });
}

// Nobody reads the runs of a job that waits for a machine.
function shownAtMs(job: SimulatedJob, { ratedAtMs, startedAtMs }: SimulatedRun): number {
  const isWaiting = job.statusAt(ratedAtMs) === 'PENDING';
  return isWaiting ? Math.max(ratedAtMs, startedAtMs ?? Infinity) : ratedAtMs;
}

/** Nothing is cooked that can only be dearer, nor what could not run for a minute. */
function checkCooked(life: PlayedLife, step: PlayedStep, job: SimulatedJob): readonly Violation[] {
  const { maxHourlyRateUsd, maxCostUsd } = step.plan.policy;
  const nodes = nodesOf(life, [job.recipeUuid]);
  const rates = ratesOnOffer(life, job.gpuName === null ? [] : [job.gpuName], nodes);
  const before = life.service.jobs().filter((other) => {
    return other.cookedBy === job.cookedBy && other.takenAtMs < job.takenAtMs;
  });
  const knownMs = job.takenAtMs - lookMs(life, step);
  const spent = before.reduce((sum, other) => sum + other.costUsdAt(knownMs), 0);
  const restUsd = (maxCostUsd ?? Infinity) - spent + roundingUsd;
  const isRated = before.every((other) => other.runs().every((run) => run.ratedAtMs <= knownMs));
  // Where the service refuses the offers, the cook goes on, with a warning.
  const areRead = sentBy(life, job.cookedBy).some(
    ({ path, fault }) => path === '/v1/compute/offers' && fault === null,
  );
  const isTooDear =
    areRead && rates.length > 0 && Math.min(...rates) > (maxHourlyRateUsd ?? Infinity);
  // Where no ceiling says what an hour of it may cost, the cheapest offer does.
  const hourlyUsd = maxHourlyRateUsd ?? (rates.length > 0 ? Math.min(...rates) : 0);
  const hasRest = restUsd >= hourlyUsd / 60 || !isRated || !isWatched(life, step);
  return [
    ...(isTooDear ? [{ check: 'cooked though dearer', what: `${job.uuid}: ${rates[0]}` }] : []),
    ...(hasRest ? [] : [{ check: 'cooked with nothing left', what: `${job.uuid}: ${restUsd}` }]),
  ];
}

/** What is said to be over budget is. */
function checkSaid(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const said = reportedBy(step).filter(({ result }) => result === 'over-budget');
  const { main, plan } = step;
  const reported = new Set(reportedBy(step).map(({ jobUuid }) => jobUuid));
  const jobs = life.service.jobs().filter(({ uuid, cookedBy }) => {
    return cookedBy === main.name || reported.has(uuid);
  });
  if (main.killed || said.length === 0 || isNearMaxCost(life, step, jobs)) return [];
  // What nobody could see for so long, or at all, is taken for what costs more.
  const isLost = reportedBy(step).some(
    ({ result, jobUuid }) => result === 'error' && jobUuid !== null,
  );
  if (isLost || wasBlind(life, step)) return [];
  return said.flatMap(({ jobUuid }) => {
    const job = jobs.find(({ uuid }) => uuid === jobUuid);
    const { gpuNames, maxHourlyRateUsd } = plan.policy;
    const nodes = nodesOf(
      life,
      plan.entries.map(({ recipeUuid }) => recipeUuid),
    );
    const onOffer = Math.max(0, ...ratesOnOffer(life, gpuNames, nodes));
    const isTooDear = onOffer > (maxHourlyRateUsd ?? Infinity);
    if (job === undefined ? isTooDear : isDearOrAtShare(plan, job)) return [];
    return [{ check: 'said to be over budget', what: `${main.name}: ${jobUuid ?? 'not cooked'}` }];
  });
}

/** Whether the service had told nothing for longer than a look takes when a step cancelled. */
function wasBlind(life: PlayedLife, step: PlayedStep): boolean {
  const sent = sentBy(life, step.main.name);
  const cancelAtMs = sent.find(({ kind }) => kind === 'cancel')?.sentAtMs ?? Infinity;
  const answered = sent.filter(({ kind, fault, endedAtMs }) => {
    return kind !== 'cancel' && fault === null && (endedAtMs ?? Infinity) <= cancelAtMs;
  });
  const lastMs = answered.at(-1)?.endedAtMs ?? step.main.startMs;
  return cancelAtMs < Infinity && cancelAtMs - lastMs > lookMs(life, step);
}

/** The most nodes that jobs of these recipes are on. */
function nodesOf({ plan: { service } }: PlayedLife, recipeUuids: readonly string[]): number {
  const own = service.recipes.filter(({ uuid }) => recipeUuids.includes(uuid));
  return Math.max(1, ...own.map(({ nodes = 1 }) => nodes));
}

/** What matching offers cost an hour, all nodes together; no names: of any model. */
function ratesOnOffer(
  { plan }: PlayedLife,
  gpuNames: readonly string[],
  nodes: number,
): readonly number[] {
  const offers = exampleOffers.filter(({ gpu }) => plan.service.offers.includes(gpu));
  const asked = offers.filter(({ gpu }) => gpuNames.length === 0 || gpuNames.includes(gpu));
  return asked.map(({ hourlyRateUsd }) => nodes * hourlyRateUsd);
}

function isDearOrAtShare({ policy }: StepPlan, job: SimulatedJob): boolean {
  if (dearestOf(job) > (policy.maxHourlyRateUsd ?? Infinity)) return true;
  const limitMs = job.runLimitMs ?? Infinity;
  return job.runs().some(({ startedAtMs, endedAtMs }) => {
    return startedAtMs !== null && (endedAtMs ?? Infinity) - startedAtMs >= limitMs - second;
  });
}

/** Whether there was no time left for a cancel, or not a minute for one more job. */
function isNearMaxCost(life: PlayedLife, step: PlayedStep, jobs: readonly SimulatedJob[]): boolean {
  const { maxCostUsd, maxHourlyRateUsd } = step.plan.policy;
  const usd = jobs.reduce((sum, job) => sum + assumedUsd(life, step, job), 0);
  const isNoneMissing = reportedBy(step).every(({ jobUuid }) => jobUuid !== null);
  const nodes = nodesOf(
    life,
    step.plan.entries.map(({ recipeUuid }) => recipeUuid),
  );
  const onOffer = Math.max(0, ...ratesOnOffer(life, [], nodes));
  const nextUsd = isNoneMissing ? 0 : (maxHourlyRateUsd ?? onOffer);
  const nextMs = isNoneMissing ? cancelMs + 3 * second : 60 * second;
  const soonUsd = ((hourlyOf(jobs) + nextUsd) * nextMs) / hour;
  return usd + soonUsd >= (maxCostUsd ?? Infinity);
}

/** What a job has cost, as far as a step can tell: a rate not known yet counts as max-hourly-rate. */
function assumedUsd(life: PlayedLife, step: PlayedStep, job: SimulatedJob): number {
  const { endMs } = step.main;
  const assumed = step.plan.policy.maxHourlyRateUsd ?? 0;
  const more = job.runs().map(({ startedAtMs, ratedAtMs, hourlyUsd }) => {
    const fromMs = job.isServer ? job.takenAtMs : (startedAtMs ?? Infinity);
    const knownMs = Math.min(ratedAtMs + lookMs(life, step), endMs);
    return (Math.max(0, assumed - hourlyUsd) * Math.max(0, knownMs - fromMs)) / hour;
  });
  const idleUsd = (Math.max(assumed, dearestOf(job)) * lookMs(life, step)) / hour;
  return job.costUsdAt(endMs) + idleUsd + more.reduce((sum, usd) => sum + usd, 0);
}
