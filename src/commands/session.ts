import pLimit, { type LimitFunction } from 'p-limit';
import { createClient, type Client } from '../api/client.ts';
import type { Keys } from '../api/sign.ts';
import type { CookInputs } from '../inputs/cook.ts';
import { createReader, type Reader } from '../jobs/poll.ts';
import { openSavedState, type SavedState } from '../jobs/saved-state.ts';
import { createPace } from '../pace.ts';
import { withCommitStatus, type CommitStatus } from '../report/commit-status.ts';
import { createLog, type Log } from '../report/console.ts';
import type { Policy } from '../jobs/policy.ts';
import { endOfWait, type EndOfWait } from './end-of-wait.ts';
import { createLogCollector, type LogCollector, type LogMode } from '../logs/collector.ts';
import type { Deps } from './deps.ts';

/** How a step talks to the service, and for how long. */
export interface SessionPlan {
  readonly apiUrl: URL;
  readonly keys: Keys;
  /** Longest wait, in ms from now. */
  readonly timeoutMs: number;
  /** In ms. */
  readonly pollInterval: number | 'auto';
  readonly waitUntil: 'completed' | 'running' | undefined;
  readonly policy: Policy;
  /** Whether the first job that does not end well ends the wait for all. */
  readonly failFast: boolean;
  readonly logs: LogMode;
  /** How many jobs the step may have. */
  readonly jobCount: number;
  readonly commitStatus: CommitStatus;
}

/** The inputs that cook and wait have in common. */
type SharedInputs = Pick<
  CookInputs,
  | 'api-url'
  | 'public-key'
  | 'secret-key'
  | 'timeout'
  | 'poll-interval'
  | 'wait-until'
  | 'on-timeout'
  | 'on-workflow-cancel'
  | 'fail-fast'
  | 'logs'
>;

/** The part of a plan that follows from the inputs alone. */
export function planOf(inputs: SharedInputs): Omit<SessionPlan, 'jobCount' | 'commitStatus'> {
  return {
    apiUrl: inputs['api-url'],
    keys: { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] },
    timeoutMs: inputs.timeout,
    pollInterval: inputs['poll-interval'],
    waitUntil: inputs['wait-until'],
    policy: { onTimeout: inputs['on-timeout'], onWorkflowCancel: inputs['on-workflow-cancel'] },
    failFast: inputs['fail-fast'],
    logs: inputs.logs,
  };
}

/** What the jobs of one step share. */
export interface Session {
  readonly world: Deps;
  readonly plan: SessionPlan;
  readonly client: Client;
  readonly end: EndOfWait;
  readonly log: Log;
  readonly ledger: SavedState;
  readonly logbook: LogCollector;
  readonly read: Reader;
  readonly nextLook: () => Promise<void>;
  /** Lets so many requests that start or stop jobs go out at once. */
  readonly inTurn: LimitFunction;
}

// As many as the connections to the service: more would only queue behind them.
const maxConcurrent = 8;

/** Opens a session, has the work done in it, and closes it, come what may. */
export async function withSession<T>(
  plan: SessionPlan,
  world: Deps,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { clock, runner } = world;
  const connection = world.connect(plan.apiUrl);
  const end = endOfWait(world, plan.timeoutMs);
  const log = withCommitStatus(createLog(runner, plan.jobCount), plan.commitStatus);
  const { exchange } = connection;
  const client = createClient({
    exchange,
    keys: plan.keys,
    now: clock.now,
    onClockOff: log.clockOff,
  });
  const ledger = openSavedState(runner, plan.jobCount, clock.now());
  const paces = pacing(plan, world, client, end, log);
  const logbook = createLogCollector({
    ...world,
    client,
    mode: plan.logs,
    jobCount: plan.jobCount,
    signal: end.signal,
    console: log,
  });
  try {
    return await work({ world, plan, client, end, log, ledger, logbook, ...paces });
  } finally {
    await plan.commitStatus.settle(end.lastCall);
    end.release();
    await connection.close();
  }
}

function pacing(plan: SessionPlan, world: Deps, client: Client, end: EndOfWait, log: Log) {
  const { clock, random } = world;
  const { signal } = end;
  const pace = createPace(plan.pollInterval, clock, random, signal);
  const onLook = pace.looked;
  return {
    read: createReader({
      client,
      clock,
      random,
      end: signal,
      onLook,
      onAway: log.away,
      onBack: log.back,
    }),
    nextLook: pace.next,
    inTurn: pLimit(maxConcurrent),
  };
}
