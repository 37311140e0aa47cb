import type { Probe } from '../../src/service/probe.ts';
import type { Deps } from '../../src/deps.ts';
import { noSsh } from '../support/deps.ts';
import { noGitHub } from '../github/in-process.ts';
import { shownTime, type ClockStep, type Timeline } from './clock.ts';
import type { Dice } from './dice.ts';
import type { Network } from './network.ts';
import { createProcess, sleepIn, type Process } from './process.ts';
import { createRunner, type PlayedRunner, type StepSurroundings } from './runner.ts';
import type { Story } from './story.ts';

/** One process of the action, and how it went. */
export interface PlayedProcess {
  readonly name: string;
  readonly startMs: number;
  /** When it ended by itself, or was killed. */
  endMs: number;
  /** When it was told to stop; null where it was not. */
  signalMs: number | null;
  killed: boolean;
  readonly runner: PlayedRunner;
  /** What its command rejected with, which it never should. */
  thrown: unknown;
  spins: boolean;
}

/** A process that runs. */
export interface Running {
  readonly played: PlayedProcess;
  readonly ended: Promise<void>;
  /** SIGINT. */
  readonly interrupt: () => void;
  readonly kill: () => void;
}

/** The machine a process runs on. */
export interface Machine {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly story: Story;
  readonly dice: Dice;
  /** How its clock differs from the true time. */
  readonly offsetMs: number;
  readonly clockSteps: readonly ClockStep[];
}

/** Starts a process of the action. */
export function launch(
  machine: Machine,
  name: string,
  command: (deps: Deps, process: Process) => Promise<void>,
  surroundings: StepSurroundings,
): Running {
  const { timeline, network, story, dice } = machine;
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const end = () => {
    if (played.endMs !== Infinity) return;
    played.endMs = timeline.now();
    story.tell(name, played.killed ? 'is killed' : 'has ended');
    resolve();
  };
  const process = createProcess(name, timeline, () => {
    played.spins = true;
    end();
  });
  const runner = createRunner(process, surroundings, story, timeline.now);
  const played = newlyStarted(name, timeline.now(), runner);
  const stop = new AbortController();
  story.tell(name, 'starts');
  const deps: Deps = {
    runner: runner.given,
    clock: clockOf(machine, process),
    random: dice.fork(name).next,
    connect: () => network.connect(process),
    openGitHub: noGitHub,
    createSshFolder: noSsh,
    openProbe: () => probeOf(machine, process, dice.fork(`${name}/probe`)),
    interrupt: stop.signal,
  };
  void command(deps, process)
    .catch((error: unknown) => void (played.thrown = error))
    // Node ends only when nothing is left to wait for.
    .then(process.idle)
    .then(end);
  return {
    played,
    ended,
    interrupt: () => {
      if (played.endMs !== Infinity) return;
      played.signalMs = timeline.now();
      story.tell(name, 'gets SIGINT');
      stop.abort();
    },
    kill: () => {
      if (played.endMs !== Infinity) return;
      played.killed = true;
      process.kill();
      end();
    },
  };
}

// An application that loads its model for a while, or for ever.
function probeOf({ timeline }: Machine, process: Process, dice: Dice): Probe {
  let notReadyFor = dice.weighted([3, dice.int(0, 5)], [2, dice.int(5, 60)], [1, Infinity]);
  return {
    get: async (_url, _token, signal) =>
      process.waitFor(({ resolve, reject }) => {
        const timer = timeline.after(50, () => {
          notReadyFor -= 1;
          resolve(notReadyFor < 0 ? 200 : 502);
        });
        signal.addEventListener('abort', () => {
          timer.cancel();
          reject(new Error('aborted'));
        });
      }),
    close: async () => {},
  };
}

function newlyStarted(name: string, startMs: number, runner: PlayedRunner): PlayedProcess {
  const open = { endMs: Infinity, signalMs: null, killed: false, thrown: undefined, spins: false };
  return { name, startMs, runner, ...open };
}

function clockOf({ timeline, offsetMs, clockSteps }: Machine, process: Process) {
  const bootMs = timeline.now() - 1_000;
  return {
    now: () => shownTime(timeline.now(), offsetMs, clockSteps),
    monotonicMs: () => timeline.now() - bootMs,
    sleep: async (ms: number, signal?: AbortSignal) => sleepIn(process, timeline, ms, signal),
  };
}
