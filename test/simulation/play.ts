import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cancel } from '../../src/commands/cancel.ts';
import { cleanup } from '../../src/commands/cleanup.ts';
import { cook } from '../../src/commands/cook.ts';
import type { Deps } from '../../src/commands/deps.ts';
import { wait } from '../../src/commands/wait.ts';
import { createTimeline, shownTime, type Timeline } from './clock.ts';
import { createDice, type Dice } from './dice.ts';
import { createNetwork, type Network, type Sent } from './network.ts';
import type { AttemptPlan, LifePlan, StepPlan } from './plan.ts';
import { createProcess, sleepIn, type Process } from './process.ts';
import { createRunner, type PlayedRunner } from './runner.ts';
import { createService, type Service } from './service.ts';
import { createStory, type Story } from './story.ts';
import { openWeather } from './weather.ts';

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

/** One step, and how it went. */
export interface PlayedStep {
  readonly plan: StepPlan;
  /** From 1. */
  readonly attempt: number;
  readonly main: PlayedProcess;
  post: PlayedProcess | null;
  /** The UUIDs that it was given. */
  readonly given: readonly string[];
}

/** A life that has been lived. */
export interface PlayedLife {
  readonly plan: LifePlan;
  readonly service: Service;
  readonly sent: readonly Sent[];
  readonly steps: readonly PlayedStep[];
  readonly startMs: number;
  readonly endMs: number;
  readonly story: Story;
  /** What kept the life from coming to its end. */
  readonly stuck: string | null;
}

/** All that a life is played with. */
interface Stage {
  readonly plan: LifePlan;
  readonly timeline: Timeline;
  readonly service: Service;
  readonly network: Network;
  readonly story: Story;
  readonly dice: Dice;
  readonly temp: string | null;
  readonly steps: PlayedStep[];
}

const startMs = Date.UTC(2026, 5, 1, 12);

/** Plays a life to its end. */
export async function playLife(plan: LifePlan): Promise<PlayedLife> {
  const stage = openStage(plan);
  const { timeline, service, network, steps, story, temp } = stage;
  const stuck = await timeline.run(playAttempts(stage)).then(
    () => null,
    (error: unknown) => String(error),
  );
  if (temp !== null) rmSync(temp, { recursive: true, force: true });
  const endMs = timeline.now();
  return { plan, service, sent: network.sent, steps, startMs, endMs, story, stuck };
}

function openStage(plan: LifePlan): Stage {
  const timeline = createTimeline(startMs);
  const dice = createDice(`${plan.seed}/play`);
  const story = createStory(timeline.now);
  const service = createService(plan.service, timeline.now, dice.fork('service'));
  const network = createNetwork({
    timeline,
    service,
    latencyMs: plan.service.latencyMs,
    faultFor: openWeather(plan.weather, dice.fork('weather'), startMs),
    onEnd: (sent) => {
      story.tell(sent.by, sayRequest(sent));
    },
  });
  const hasLogs = plan.attempts.some(({ steps }) => steps.some((step) => keepsLogs(step)));
  const temp = hasLogs ? mkdtempSync(join(tmpdir(), 'life-')) : null;
  return { plan, timeline, service, network, story, dice, temp, steps: [] };
}

function keepsLogs({ command, policy }: StepPlan): boolean {
  return command !== 'cancel' && policy.logs !== 'none';
}

function sayRequest({ method, path, search, status, fault, endedAtMs, sentAtMs }: Sent): string {
  const query = search === '' ? '' : `?${decodeURIComponent(search)}`;
  const why = fault === null ? '' : ` (${fault.effect.type}, taken: ${fault.taken})`;
  return `${method} ${path}${query} → ${status ?? 'no answer'}${why} in ${(endedAtMs ?? 0) - sentAtMs} ms`;
}

async function playAttempts(stage: Stage): Promise<void> {
  for (const [index, attempt] of stage.plan.attempts.entries()) {
    await stage.timeline.sleep(attempt.afterMs);
    await playAttempt(stage, attempt, index + 1);
  }
}

async function playAttempt(stage: Stage, attempt: AttemptPlan, number: number): Promise<void> {
  const { timeline, story } = stage;
  const running = new Set<Running>();
  let isEnded = false;
  const end = attempt.end;
  if (end !== null) {
    timeline.after(end.atMs, () => {
      // A step that is killed outright leaves the others as they are.
      isEnded = end.kind !== 'kill';
      if (running.size > 0) story.tell('runner', end.kind);
      for (const each of running) {
        if (end.kind === 'cancel') interrupt(each, timeline);
        else each.kill();
        if (end.kind === 'kill') break;
      }
    });
  }
  const play = async (plan: StepPlan) => {
    if (isEnded) return;
    const step = startStep(stage, plan, attempt, number);
    if (step === null) return;
    stage.steps.push(step.step);
    running.add(step.running);
    await step.running.ended;
    running.delete(step.running);
  };
  if (attempt.order === 'side-by-side') await Promise.all(attempt.steps.map(play));
  else for (const plan of attempt.steps) await play(plan);
  if (end?.kind === 'runner-gone' && isEnded) return;
  await timeline.sleep(attempt.beforePostMs);
  await playPosts(stage, attempt, number);
}

async function playPosts(stage: Stage, attempt: AttemptPlan, number: number): Promise<void> {
  const steps = stage.steps.filter((step) => step.attempt === number);
  for (const step of steps.toReversed()) {
    if (step.plan.command === 'cancel') continue;
    const kept = new Map(step.main.runner.heard.kept);
    const surroundings = { inputs: step.plan.inputs, kept, env: envOf(stage, step.plan, number) };
    const name = step.main.name.replace('main', 'post');
    const { process, running } = startProcess(stage, name, cleanup, surroundings, attempt);
    step.post = process;
    await running.ended;
  }
}

// The runner sends SIGINT, SIGTERM 7.5 s later, and kills another 2.5 s later.
const killAfterMs = 10_000;

function interrupt(running: Running, timeline: Timeline): void {
  running.interrupt();
  timeline.after(killAfterMs, running.kill);
}

interface Running {
  readonly ended: Promise<void>;
  readonly interrupt: () => void;
  readonly kill: () => void;
}

const commands = { cook, wait, cancel };

function startStep(stage: Stage, plan: StepPlan, attempt: AttemptPlan, number: number) {
  const given = givenTo(stage, plan, number);
  if (plan.command !== 'cook' && given.length === 0) return null;
  const inputs =
    given.length === 0 ? plan.inputs : { ...plan.inputs, 'job-uuids': given.join('\n') };
  const surroundings = { inputs, kept: new Map<string, string>(), env: envOf(stage, plan, number) };
  const name = `${plan.name}${number}.main`;
  const run = commands[plan.command];
  const { process, running } = startProcess(stage, name, run, surroundings, attempt);
  const step: PlayedStep = { plan, attempt: number, main: process, post: null, given };
  return { step, running };
}

function givenTo({ steps }: Stage, plan: StepPlan, number: number): readonly string[] {
  if (plan.of === null) return [];
  const source = steps.find((step) => step.plan.name === plan.of && step.attempt === number);
  const text = source?.main.runner.heard.outputs.get('job-uuids') ?? '[]';
  const uuids = (JSON.parse(text) as (string | null)[]).filter((uuid) => uuid !== null);
  return uuids.length > 0 && plan.unknownUuid !== null ? [...uuids, plan.unknownUuid] : uuids;
}

function envOf({ temp }: Stage, plan: StepPlan, number: number): Record<string, string> {
  const own = { GITHUB_ACTION: plan.action, GITHUB_RUN_ATTEMPT: String(number) };
  return temp === null ? own : { ...own, RUNNER_TEMP: temp };
}

function startProcess(
  stage: Stage,
  name: string,
  command: (deps: Deps) => Promise<void>,
  surroundings: Parameters<typeof createRunner>[1],
  attempt: AttemptPlan,
) {
  const { timeline, network, story } = stage;
  const process = createProcess(name, timeline, () => {
    played.spins = true;
    settleEnd();
  });
  const runner = createRunner(process, surroundings, story, timeline.now);
  const played: PlayedProcess = {
    name,
    startMs: timeline.now(),
    endMs: Infinity,
    signalMs: null,
    killed: false,
    runner,
    thrown: undefined,
    spins: false,
  };
  const stop = new AbortController();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const settleEnd = () => {
    if (played.endMs !== Infinity) return;
    played.endMs = timeline.now();
    story.tell(name, played.killed ? 'is killed' : 'has ended');
    resolve();
  };
  story.tell(name, 'starts');
  const deps: Deps = {
    runner: runner.given,
    clock: clockOf(stage, process, attempt),
    random: stage.dice.fork(name).next,
    connect: () => network.connect(process),
    interrupt: stop.signal,
  };
  void command(deps)
    .catch((error: unknown) => void (played.thrown = error))
    // Node ends only when nothing is left to wait for.
    .then(process.idle)
    .then(settleEnd);
  const running: Running = {
    ended,
    interrupt: () => {
      played.signalMs = timeline.now();
      story.tell(name, 'gets SIGINT');
      stop.abort();
    },
    kill: () => {
      if (played.endMs !== Infinity) return;
      played.killed = true;
      process.kill();
      settleEnd();
    },
  };
  return { process: played, running };
}

function clockOf({ timeline }: Stage, process: Process, { clock }: AttemptPlan) {
  const { offsetMs } = clock;
  const originMs = timeline.now();
  const steps = clock.steps.map(({ atMs, byMs }) => ({ atMs: originMs + atMs, byMs }));
  return {
    now: () => shownTime(timeline.now(), offsetMs, steps),
    monotonicMs: () => timeline.now() - startMs + 1_000,
    sleep: async (ms: number, signal?: AbortSignal) => sleepIn(process, timeline, ms, signal),
  };
}
