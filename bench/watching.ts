import type { Job } from '../src/api/schemas.ts';
import { watch } from '../src/jobs/watch.ts';
import type { Clock } from '../src/clock.ts';
import { createPace } from '../src/jobs/poll.ts';
import type { CookRequest, SubmittedJob } from '../src/jobs/records.ts';
import { mean } from './statistics.ts';

// How many requests it takes to watch a job, and how late a change is noticed. No real time passes:
// the clock is moved by those who sleep. The same seed gives the same figures on any machine.

/** Figures of many watches of jobs of one length. */
export interface WatchFigures {
  /** Status requests, the mean of all watches. */
  readonly requests: number;
  /** Seconds between two of them, on average from the cook to the end that was seen. */
  readonly secondsPerRequest: number;
  /** Time from a change at the service to our noticing it, in seconds. */
  readonly meanLag: number;
  readonly worstLag: number;
}

const latencyMs = 50;
const watches = 200;

/** Our own watch. @param jobMs how long the jobs take, in ms */
export async function watchAsWeDo(jobMs: number): Promise<WatchFigures> {
  return measure(jobMs, async (model) => {
    const pace = createPace('auto', model.clock, model.random, new AbortController().signal);
    const noticed: number[] = [];
    await watch(model.ticket, {
      clock: model.clock,
      read: async () => model.read(),
      nextLook: pace.next,
      ended: () => undefined,
      enoughToRun: () => false,
      onStatusChange: (_, { atMs }) => noticed.push(atMs),
    });
    return noticed;
  });
}

/** A poller that looks every 15 s, as the vendor's own example does. */
export async function watchEvery15s(jobMs: number): Promise<WatchFigures> {
  return measure(jobMs, async (model) => {
    const noticed: number[] = [];
    let { status } = model.ticket.job;
    while (status !== 'COMPLETED') {
      await model.clock.sleep(15_000);
      const seen = model.read();
      if (seen.status !== status) noticed.push(model.clock.now());
      ({ status } = seen);
    }
    return noticed;
  });
}

interface Model {
  readonly clock: Clock;
  readonly random: () => number;
  readonly ticket: SubmittedJob;
  readonly read: () => Job;
}

async function measure(
  jobMs: number,
  watchOne: (model: Model) => Promise<readonly number[]>,
): Promise<WatchFigures> {
  const random = seeded(42);
  const requests: number[] = [];
  const durations: number[] = [];
  const lags: number[] = [];
  for (let turn = 0; turn < watches; turn += 1) {
    // A job waits a tenth of its time for a machine; a little chance keeps beats and changes apart.
    const changes = [jobMs * 0.1 + random() * 5_000, jobMs + random() * 5_000];
    const model = makeModel(changes, random);
    const noticed = await watchOne(model);
    requests.push(model.count());
    durations.push(model.clock.now());
    // A change that was overtaken by the next one is never noticed by itself.
    lags.push(
      ...noticed.map((atMs) => atMs - Math.max(...changes.filter((change) => change <= atMs))),
    );
  }
  return {
    requests: mean(requests),
    secondsPerRequest: mean(durations) / mean(requests) / 1000,
    meanLag: mean(lags) / 1000,
    worstLag: Math.max(...lags) / 1000,
  };
}

function makeModel(changes: readonly number[], random: () => number) {
  let nowMs = 0;
  let count = 0;
  const statuses = ['PENDING', 'RUNNING', 'COMPLETED'];
  const jobNow = () => job(statuses[changes.filter((change) => change <= nowMs).length] ?? '');
  const ticket: SubmittedJob = {
    subject: order,
    origin: 'cooked',
    job: jobNow(),
    submittedAtMs: 0,
  };
  const clock: Clock = {
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += Math.max(0, ms);
    },
  };
  const read = () => {
    count += 1;
    nowMs += latencyMs;
    return jobNow();
  };
  return { clock, random, ticket, read, count: () => count };
}

const uuid = '0198ac1c-7063-4be8-bb94-57a5bd83548e';

const order: CookRequest = {
  index: 0,
  recipeUuid: uuid,
  jobUuid: null,
  title: null,
  namesRegions: false,
  cookKey: '',
  earlierKeys: [],
  fields: {},
  container: null,
};

function job(status: string): Job {
  const times = { created_at: null, started_at: null, completed_at: null };
  const hardware = {
    cpu_count: null,
    gpu_count: null,
    gpu_name: null,
    min_vram_gb: null,
    min_ram_gb: null,
  };
  const texts = {
    title: null,
    description: null,
    status_reason: null,
    task: 'BATCH',
    source_recipe_uuid: null,
  };
  return { uuid, status, ...times, ...hardware, ...texts, max_retry_count: null };
}

// Numbers that are random enough, and the same each time (Park and Miller).
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
