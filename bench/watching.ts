import type { Call, Client } from '../src/service/client.ts';
import { readJob } from '../src/service/endpoints.ts';
import { createRedactor } from '../src/service/redactor.ts';
import { createPoller } from '../src/service/poll.ts';
import { createHost } from '../src/service/host.ts';
import { createMadeUpClock, type MadeUpClock } from '../test/support/clock.ts';
import { mean } from './statistics.ts';

// How many requests it takes to watch jobs, and how late a change is noticed. No real time passes:
// the clock goes on when all sleep. The same seed gives the same figures on any machine.

/** Figures of watching jobs of one length. */
export interface WatchFigures {
  /** Status requests of a step: to watch one job, and to watch 50 of the same length. */
  readonly requests: number;
  readonly requestsOf50: number;
  /** Time from a change at the service to our noticing it, in seconds. */
  readonly meanLag: number;
  readonly worstLag: number;
}

const latencyMs = 50;
const allTurns = 50;

/**
 * Our own poller.
 * @param jobMs how long the jobs take, in ms
 * @param turns how many single jobs are watched, one after the other
 */
export async function watchAsWeDo(jobMs: number, turns = allTurns): Promise<WatchFigures> {
  return measure(jobMs, turns, async (jobs, { client }) => {
    const signal = new AbortController().signal;
    const poller = createPoller({
      client,
      interval: 'auto',
      signal,
      onUnavailable: () => {},
      onAvailable: () => {},
    });
    await Promise.all(
      jobs.map(async (job) =>
        poller.watch(
          job.uuid,
          (answer) => {
            if (answer instanceof Error) return true;
            job.see(answer.status);
            return answer.status === 'COMPLETED';
          },
          signal,
        ),
      ),
    );
  });
}

/** A poller that looks every 15 s, as the vendor's own example does, with a request a job. */
export async function watchEvery15s(jobMs: number): Promise<WatchFigures> {
  return measure(jobMs, allTurns, async (jobs, { client, clock }) => {
    await Promise.all(
      jobs.map(async (job) => {
        for (let status = ''; status !== 'COMPLETED';) {
          await clock.sleep(15_000);
          ({ status } = await readJob(client, job.uuid));
          job.see(status);
        }
      }),
    );
  });
}

interface Model {
  readonly client: Client;
  readonly clock: MadeUpClock;
  readonly requests: () => number;
}

type Watcher = (jobs: readonly ModelJob[], model: Model) => Promise<void>;

async function measure(jobMs: number, turns: number, watchAll: Watcher): Promise<WatchFigures> {
  const random = seeded(42);
  const lags: number[] = [];
  const requests: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) requests.push(await play(1));
  const requestsOf50 = await play(50);
  return {
    requests: mean(requests),
    requestsOf50,
    meanLag: mean(lags) / 1000,
    worstLag: Math.max(...lags) / 1000,
  };

  async function play(count: number): Promise<number> {
    const clock = createMadeUpClock();
    const jobs = Array.from({ length: count }, (_, index) =>
      createJob(index, jobMs, random, clock),
    );
    const model = createModel(jobs, clock, random);
    await watchAll(jobs, model);
    lags.push(...jobs.flatMap((job) => job.lags));
    return model.requests();
  }
}

type ModelJob = ReturnType<typeof createJob>;

// A job waits a tenth of its time for a machine; a little chance keeps looks and changes apart.
function createJob(index: number, jobMs: number, random: () => number, clock: MadeUpClock) {
  const changes = [jobMs * 0.1 + random() * 5_000, jobMs + random() * 5_000];
  const statuses = ['PENDING', 'RUNNING', 'COMPLETED'];
  const lags: number[] = [];
  let seen = 'PENDING';
  const past = () => changes.filter((change) => change <= clock.monotonicMs());
  return {
    uuid: `0198ac1c-7063-4be8-bb94-${String(index).padStart(12, '0')}`,
    status: () => statuses[past().length] ?? '',
    lags,
    see: (status: string) => {
      if (status !== seen) lags.push(clock.monotonicMs() - Math.max(...past()));
      seen = status;
    },
  };
}

function createModel(jobs: readonly ModelJob[], clock: MadeUpClock, random: () => number): Model {
  let requests = 0;
  const tell = ({ uuid, status }: ModelJob) => ({ object: 'job', uuid, status: status() });
  const client: Client = {
    clock,
    random,
    serverNow: () => null,
    redactor: createRedactor(),
    host: createHost(clock),
    send: async ({ pathname, query = {} }: Call) => {
      requests += 1;
      await clock.sleep(latencyMs);
      const wanted = query['filter[uuid]'] ?? pathname;
      const told = jobs.filter(({ uuid }) => wanted.includes(uuid)).map(tell);
      return pathname === '/v1/jobs' ? { data: told } : told[0];
    },
  };
  return { client, clock, requests: () => requests };
}

// Numbers that are random enough, and the same each time (Park and Miller).
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
