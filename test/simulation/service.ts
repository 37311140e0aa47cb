import { createGate } from '../simulator/auth.ts';
import type { Service as Endpoints } from '../simulator/endpoints.ts';
import { jobAt, rateOf, runsAt, type JobRecord } from '../simulator/jobs.ts';
import { lifeAt } from '../simulator/lives.ts';
import { costOf } from '../simulator/ledger.ts';
import { exampleOffers } from '../simulator/offers.ts';
import type { RecipeRecord } from '../simulator/recipes.ts';
import { Refusal } from '../simulator/refusal.ts';
import type { Job } from '../simulator/resources.ts';
import { answerTo, refused } from '../simulator/router.ts';
import type { Store } from '../simulator/store.ts';
import type { Dice } from './dice.ts';
import { toCapitals } from '../simulator/quirks.ts';
import { listQuirks, refusalOfList, shapeJobs, shapeList } from './quirks.ts';
import type { ServicePlan } from './plan.ts';

/** A job that a step has cooked, with all that only the service knows. */
export interface SimulatedJob {
  readonly uuid: string;
  readonly recipeUuid: string;
  readonly title: string;
  readonly description: string;
  readonly gpuName: string | null;
  /** Name of the process whose cook it was. */
  readonly cookedBy: string;
  readonly takenAtMs: number;
  /** From when on a list has it. */
  readonly listedAtMs: number;
  readonly cancels: readonly Cancel[];
  /** Whether any of its runs had started by then. */
  readonly hadStarted: (atMs: number) => boolean;
  readonly statusAt: (atMs: number) => string;
  readonly reasonAt: (atMs: number) => string | null;
  /** From when on it never changes again; null where it goes on for ever. */
  readonly endedAtMs: () => number | null;
  /** Whether it is billed while it exists, not while it runs. */
  readonly isServer: boolean;
  readonly runLimitMs: number | null;
  /** Its runs, oldest first, those to come included. */
  readonly runs: () => readonly SimulatedRun[];
  /** What it has cost by then, in US dollars. */
  readonly costUsdAt: (atMs: number) => number;
}

/** A run of a job; null where it never comes to that. */
export interface SimulatedRun {
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** What all its nodes cost an hour, in US dollars. */
  readonly hourlyUsd: number;
  /** From when on the service tells all that says so. */
  readonly ratedAtMs: number;
}

/** A request to cancel a job that has arrived. */
export interface Cancel {
  readonly by: string;
  readonly atMs: number;
  /** Whether the job had already ended. */
  readonly isLate: boolean;
}

/** What arrives at the service. */
export interface Arrival {
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Jobs of ours that the answer shows. */
  readonly shows: readonly string[];
}

/** The service, in memory. */
export interface Service {
  readonly handle: (arrival: Arrival) => Answer;
  readonly jobs: () => readonly SimulatedJob[];
  /** Cancels of jobs that no step of ours has cooked. */
  readonly strangersCancelled: readonly string[];
}

export const keys = { publicKey: 'pk_sim_0123456789abcdef', secretKey: 'sk_sim_fedcba9876543210' };

interface Kept extends JobRecord {
  readonly cookedBy: string | null;
  readonly cancels: Cancel[];
}

/** A service that behaves as planned, strict about all that is documented. */
export function createService(plan: ServicePlan, now: () => number, dice: Dice): Service {
  const gate = createGate({ ...keys, rawUtf8Signing: plan.rawUtf8, now });
  const ours: Kept[] = [];
  const strangersCancelled: string[] = [];
  let sender = '';
  let askedForRunsOf = '';
  const store = createStore(plan, now, dice, {
    cookedBy: () => sender,
    // The runs of all jobs are much to work out when those of one are asked for.
    hasRuns: ({ uuid }) => askedForRunsOf === '' || askedForRunsOf.includes(uuid),
    onCook: (job) => ours.push(job),
    onStrangerCancelled: (uuid) => strangersCancelled.push(uuid),
  });
  const endpoints: Endpoints = {
    store,
    generation: plan.generation,
    now,
    singleUuidFilter: false,
    listingLagMs: plan.listLagMs,
    readLagMs: plan.readLagMs,
    quirks: {},
    offers: exampleOffers.filter(({ gpu }) => plan.offers.includes(gpu)),
    ledgerIgnoresFilter: false,
  };
  const answer = (arrival: Arrival, body: unknown) => {
    const { method, path, headers } = arrival;
    const isList = method === 'GET' && path === '/v1/jobs';
    const search = isList ? listQuirks(arrival.search, plan) : arrival.search;
    // Signed is what was sent, whatever is made of it.
    const refusal =
      gate({ method, path, search: arrival.search, headers, body }) ??
      (isList ? refusalOfList(arrival.search, plan) : null);
    if (refusal !== null) return refused(refusal);
    sender = arrival.by;
    askedForRunsOf = new URLSearchParams(search).get('filter[job_uuid]')?.toLowerCase() ?? '';
    const given = answerTo(endpoints, { method, path, search, body }, plan.wrapData);
    const shaped = isList ? shapeList(given.body, plan) : given.body;
    return { status: given.status, body: shapeJobs(shaped, plan) };
  };
  return {
    handle: (arrival) => {
      const body: unknown = arrival.body === undefined ? undefined : JSON.parse(arrival.body);
      const given = answer(arrival, body);
      const text = JSON.stringify(plan.capitals ? toCapitals(given.body) : given.body);
      const plainText = plan.capitals ? text.toLowerCase() : text;
      const shows = ours.filter(({ uuid }) => plainText.includes(uuid));
      return { status: given.status, text, shows: shows.map(({ uuid }) => uuid) };
    },
    jobs: () => ours.map((job) => simulatedJob(job, plan)),
    strangersCancelled,
  };
}

interface StoreEvents {
  readonly cookedBy: () => string;
  readonly hasRuns: (job: JobRecord) => boolean;
  readonly onCook: (job: Kept) => void;
  readonly onStrangerCancelled: (uuid: string) => void;
}

function createStore(plan: ServicePlan, now: () => number, dice: Dice, events: StoreEvents): Store {
  const recipes = new Map(
    plan.recipes.map((recipe): readonly [string, RecipeRecord] => [
      recipe.uuid,
      { uuid: recipe.uuid, script: recipe, createdAtMs: 0 },
    ]),
  );
  const jobs = new Map<string, Kept>();
  for (const record of strangersOf(plan, now(), dice)) jobs.set(record.uuid, record);
  // What is shown of other people's jobs never changes.
  const strangers = new Map<string, Job>();
  const showStranger = (record: JobRecord) => {
    const shown = strangers.get(record.uuid) ?? jobAt(record, record.cookedAtMs, plan.generation);
    strangers.set(record.uuid, shown);
    return shown;
  };
  return {
    recipes,
    jobs,
    addRecipe: () => '',
    addJob: (recipeUuid, script, fields) => {
      const blank = { cookedAtMs: now(), cancel: null, cancels: [], cookedBy: events.cookedBy() };
      const job: Kept = { uuid: dice.uuid(), recipeUuid, script, fields, ...blank };
      jobs.set(job.uuid, job);
      events.onCook(job);
      return job;
    },
    cancelJob: (uuid, reason) => {
      const job = jobs.get(uuid);
      if (job === undefined) return;
      if (job.cookedBy === null) events.onStrangerCancelled(uuid);
      const endedAtMs = endOf(job);
      const isLate = endedAtMs !== null && endedAtMs <= now();
      job.cancels.push({ by: events.cookedBy(), atMs: now(), isLate });
      if (
        plan.cancelsOfFailed !== 'work' &&
        jobAt(job, now(), plan.generation).status === 'FAILED'
      ) {
        if (plan.cancelsOfFailed === 'are refused')
          throw new Refusal(409, 'conflict', 'The job has failed');
        return;
      }
      if (job.cancel === null && job.cancels.length > plan.ignoredCancels) {
        job.cancel = { atMs: now(), reason };
      }
    },
    removeJob: () => {},
    show: (record) =>
      isStranger(record) ? showStranger(record) : jobAt(record, now(), plan.generation),
    runsOf: (record) =>
      isStranger(record) || !events.hasRuns(record) ? [] : runsAt(record, now()),
  };
}

function isStranger({ script }: JobRecord): boolean {
  return script.life === strangersLife;
}

const strangersLife = [{ status: 'RUNNING' }];

function strangersOf(plan: ServicePlan, nowMs: number, dice: Dice): readonly Kept[] {
  return Array.from({ length: plan.strangers }, (_, index) => ({
    uuid: dice.uuid(),
    recipeUuid: dice.pick(plan.recipes).uuid,
    script: { name: 'Of somebody else', life: strangersLife },
    fields: {
      title: 'Of somebody else',
      description: dice.chance(0.5) ? strangersText(index) : null,
    },
    cookedAtMs: nowMs + dice.int(-plan.strangersSpanMs, plan.strangersSpanMs),
    cancel: null,
    cookedBy: null,
    cancels: [],
  }));
}

const mark = '[cook-0123456789abcdef0123456789abcdef-0123456789abcdef]';
const forged = `[github.com/acme/renders - 4711.1 - end Nightly] ${mark}`;
const strangersTexts = [
  'By hand',
  `Of another repository [github.com/acme/films - 4711.1 - end Nightly] ${mark}`,
  `Of a run that goes on [github.com/acme/renders - 4712.1 - end Nightly] ${mark}`,
  `Of an Enterprise Server [git.acme.example/acme/renders - 4711.1 - end Nightly] ${mark}`,
  `Forged ${forged} [github.com/evil/renders - 4711.1 - end Nightly] ${mark}`,
  `${forged}, quoted`,
];

function strangersText(index: number): string {
  return strangersTexts[index % strangersTexts.length] ?? '';
}

function endOf(job: JobRecord): number | null {
  return lifeAt(job, Infinity).completedAtMs;
}

function simulatedJob(job: Kept, plan: ServicePlan): SimulatedJob {
  return {
    uuid: job.uuid,
    recipeUuid: job.recipeUuid ?? '',
    title: job.fields.title ?? '',
    description: job.fields.description ?? '',
    gpuName: job.fields.gpu_name ?? null,
    cookedBy: job.cookedBy ?? '',
    takenAtMs: job.cookedAtMs,
    listedAtMs: job.cookedAtMs + plan.listLagMs,
    cancels: job.cancels,
    hadStarted: (atMs) => lifeAt(job, atMs).startedAtMs !== null,
    statusAt: (atMs) => lifeAt(job, atMs).status,
    reasonAt: (atMs) => lifeAt(job, atMs).statusReason,
    endedAtMs: () => endOf(job),
    isServer: job.fields.task === 'PERSISTENT',
    runLimitMs: job.fields.max_timeout_run_ms ?? null,
    runs: () => runsOf(job),
    costUsdAt: (atMs) => costOf(job, atMs),
  };
}

function runsOf(job: Kept): readonly SimulatedRun[] {
  const { nodes = 1 } = job.script;
  return lifeAt(job, Infinity).runs.map(({ beganAtMs, startedAtMs, endedAtMs }, index) => ({
    startedAtMs,
    endedAtMs,
    hourlyUsd: (rateOf(job.script, index) ?? 0) * nodes,
    ratedAtMs: ratedAtMs(job.script, beganAtMs),
  }));
}

const rateEveryMs = 60_000;

// What changes is read again every minute.
function ratedAtMs({ rateAfterMs = 0, firstRateUsd = 0 }: JobRecord['script'], beganAtMs: number) {
  const isChanged = rateAfterMs > 0 && firstRateUsd > 0;
  return beganAtMs + rateAfterMs + (isChanged ? rateEveryMs : 0);
}
