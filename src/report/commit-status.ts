import pLimit from 'p-limit';
import type { Job } from '../api/schemas.ts';
import type { Clock } from '../pace.ts';
import type { Outcome, StatusChange, JobRef, SubmittedJob } from '../jobs/records.ts';
import { isFinal } from '../jobs/status.ts';
import { titleOf } from '../jobs/metrics.ts';
import type { Console } from './console.ts';
import { openContextBook } from './status-context.ts';
import { openLane, type Lane } from './status-lane.ts';
import type { Send } from './status-sender.ts';
import { describeDoing, describeEnd, sayStatus } from './status-text.ts';

/** Keeps a commit status per job up to date. Nothing here rejects, or keeps anybody waiting. */
export interface CommitStatus {
  readonly began: (ticket: SubmittedJob) => void;
  readonly changed: (ticket: SubmittedJob, sighting: StatusChange) => void;
  /** The last word on a job; gives the outcome back. */
  readonly ended: (outcome: Outcome) => Outcome;
  /** Resolves when all has been sent, or soon after the last call. */
  readonly settle: (lastCall: AbortSignal) => Promise<void>;
}

/** Where no commit status was asked for. */
export const noCommitStatus: CommitStatus = {
  began: () => {},
  changed: () => {},
  ended: (outcome) => outcome,
  settle: async () => {},
};

/** A log that has the commit status told of what it is told of itself. */
export function withCommitStatus(log: Console, { began, changed }: CommitStatus): Console {
  return {
    ...log,
    submitted: (ticket) => {
      log.submitted(ticket);
      began(ticket);
    },
    statusChanged: (ticket, sighting, job) => {
      log.statusChanged(ticket, sighting, job);
      changed(ticket, sighting);
    },
  };
}

export interface CommitStatusParts {
  readonly clock: Clock;
  /** The jobs to be, in their order. */
  readonly subjects: readonly JobRef[];
  readonly send: Send;
}

/** Keeps the statuses through `send`. */
export function createCommitStatus(parts: CommitStatusParts): CommitStatus {
  const { clock } = parts;
  const over = new AbortController();
  const { laneOf, lanes } = openLanes(parts, over.signal);
  const sayPending = ({ subject, job }: SubmittedJob, description: string) => {
    laneOf(subject, job).say({ state: 'pending', description });
  };
  return {
    began: (ticket) => {
      sayPending(ticket, describeBeginning(ticket, clock.now()));
    },
    changed: (ticket, sighting) => {
      if (!isFinal(sighting.status)) sayPending(ticket, describeDoing(sighting));
    },
    ended: (outcome) => {
      const lane = laneOf(outcome.subject, outcome.job);
      lane.hurry();
      lane.say(describeEnd(outcome));
      return outcome;
    },
    settle: async (lastCall) => {
      const release = endSoon(over, lastCall, clock);
      await Promise.all(
        [...lanes.values()].map(async (lane) => {
          lane.hurry();
          await lane.idle();
        }),
      );
      release();
    },
  };
}

// GitHub asks for few requests at a time, and takes 1,000 an hour from all jobs of a repository.
const maxConcurrent = 4;
const minRestMs = 10_000;

function openLanes({ clock, subjects, send }: CommitStatusParts, over: AbortSignal) {
  const lanes = new Map<number, Lane>();
  const inTurn = pLimit(maxConcurrent);
  const contextFor = openContextBook(subjects);
  const laneOf = (subject: JobRef, job: Job | null): Lane => {
    const known = lanes.get(subject.index);
    if (known !== undefined) return known;
    const context = contextFor(subject, titleOf(subject, job));
    const lane = openLane({
      inTurn,
      send: async (message, isLatest) => send({ context, ...message }, isLatest, over),
      rest: async (hurry) => clock.sleep(minRestMs, hurry),
    });
    lanes.set(subject.index, lane);
    return lane;
  };
  return { lanes, laneOf };
}

const maxSettleMs = 10_000;
// The runner kills 4 s after the last call; the reports are still to be written then.
const lastMomentMs = 1_000;

/** Ends the sending within seconds, and right at the last call if that is still to come. */
function endSoon(over: AbortController, lastCall: AbortSignal, clock: Clock): () => void {
  const released = new AbortController();
  const end = () => {
    over.abort();
  };
  lastCall.addEventListener('abort', end, { signal: released.signal });
  void clock.sleep(lastCall.aborted ? lastMomentMs : maxSettleMs, released.signal).then(end);
  return () => {
    released.abort();
  };
}

// Since when a job that was there before has its status, nobody has seen.
function describeBeginning({ origin, job: { status } }: SubmittedJob, nowMs: number): string {
  const wasThere = origin === 'attached' || origin === 'given';
  return wasThere ? sayStatus(status) : describeDoing({ status, atMs: nowMs });
}
