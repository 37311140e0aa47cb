import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cancel } from '../../src/commands/cancel.ts';
import { cleanup } from '../../src/commands/post.ts';
import { cook } from '../../src/commands/cook.ts';
import type { Deps } from '../../src/deps.ts';
import { wait } from '../../src/commands/wait.ts';
import { createTimeline, type Timeline } from './clock.ts';
import { createDice, type Dice } from './dice.ts';
import { launch, type Machine, type PlayedProcess, type Running } from './launch.ts';
import { createSimulatedGitHub } from './github.ts';
import { createNetwork, type Network, type Sent } from './network.ts';
import { playChecks, sha, type PlayedChecks } from './play-checks.ts';
import type { AttemptPlan, LifePlan, StepPlan } from './plan.ts';
import { createService, type Service } from './service.ts';
import { createStory, type Story } from './story.ts';
import { openWeather } from './weather.ts';

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
  /** The checks that came by, and what they did. */
  readonly looks: PlayedChecks | null;
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
  let looks: PlayedChecks | null = null;
  const playAll = async () => {
    await playAttempts(stage);
    looks = await comeBy(stage);
  };
  const stuck = await timeline.run(playAll()).then(
    () => null,
    (error: unknown) => String(error),
  );
  if (temp !== null) rmSync(temp, { recursive: true, force: true });
  const endMs = timeline.now();
  return { plan, service, sent: network.sent, steps, startMs, endMs, looks, story, stuck };
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

async function comeBy(stage: Stage): Promise<PlayedChecks | null> {
  const { plan, timeline, service, network, story, dice } = stage;
  const { checks, attempts } = plan;
  if (checks === null) return null;
  const machine = {
    timeline,
    network,
    story,
    dice,
    offsetMs: checks.clockOffsetMs,
    clockSteps: [],
  };
  const github = createSimulatedGitHub(timeline, checks.blips, dice.fork('github'));
  const attempt = attempts.length;
  return playChecks({ plan: checks, timeline, service, github, machine, attempt });
}

async function playAttempt(stage: Stage, attempt: AttemptPlan, number: number): Promise<void> {
  const { timeline } = stage;
  const machine = machineOf(stage, attempt);
  const running = new Set<Running>();
  let isOver = false;
  endLater(stage, attempt, running, () => {
    isOver = true;
  });
  const play = async (plan: StepPlan) => {
    if (isOver) return;
    const step = startStep(stage, machine, plan, number);
    if (step === null) return;
    running.add(step);
    await step.ended;
    running.delete(step);
  };
  if (attempt.order === 'side-by-side') await Promise.all(attempt.steps.map(play));
  else for (const plan of attempt.steps) await play(plan);
  if (attempt.end?.kind === 'runner-gone' && isOver) return;
  await timeline.sleep(attempt.beforePostMs);
  await playPosts(stage, machine, attempt, number);
}

function machineOf({ timeline, network, story, dice }: Stage, { clock }: AttemptPlan): Machine {
  const bootMs = timeline.now();
  const clockSteps = clock.steps.map(({ atMs, byMs }) => ({ atMs: bootMs + atMs, byMs }));
  return { timeline, network, story, dice, offsetMs: clock.offsetMs, clockSteps };
}

/** Has the end of an attempt come from outside. */
function endLater(
  { timeline, story }: Stage,
  { end }: AttemptPlan,
  running: ReadonlySet<Running>,
  onOver: () => void,
): void {
  if (end === null) return;
  timeline.after(end.atMs, () => {
    // A step that is killed outright leaves the others as they are.
    if (end.kind !== 'kill') onOver();
    if (running.size > 0) story.tell('runner', end.kind);
    for (const each of running) {
      if (end.kind === 'cancel') interrupt(each, timeline);
      else each.kill();
      if (end.kind === 'kill') break;
    }
  });
}

// The runner sends SIGINT, SIGTERM 7.5 s later, and kills another 2.5 s later.
const killAfterMs = 10_000;

function interrupt(running: Running, timeline: Timeline): void {
  running.interrupt();
  timeline.after(killAfterMs, running.kill);
}

const commands = { cook, wait, cancel };

function startStep(
  stage: Stage,
  machine: Machine,
  plan: StepPlan,
  attempt: number,
): Running | null {
  const given = givenTo(stage, plan, attempt);
  if (plan.command !== 'cook' && given.length === 0) return null;
  const uuids = given.length === 0 ? {} : { 'job-uuids': given.join('\n') };
  const running = launch(machine, `${plan.name}${attempt}.main`, commands[plan.command], {
    inputs: { ...plan.inputs, ...uuids },
    kept: new Map(),
    env: envOf(stage, plan, attempt),
  });
  stage.steps.push({ plan, attempt, main: running.played, post: null, given });
  return running;
}

// Commit statuses are asked for by none of them.
const postOf = async (deps: Deps) => cleanup(deps);

async function playPosts(
  stage: Stage,
  machine: Machine,
  { postSignalMs }: AttemptPlan,
  attempt: number,
): Promise<void> {
  const steps = stage.steps.filter((step) => step.attempt === attempt);
  for (const step of steps.toReversed()) {
    const { plan, main } = step;
    // It has no post entry.
    if (plan.command === 'cancel') continue;
    const running = launch(machine, main.name.replace('main', 'post'), postOf, {
      inputs: plan.inputs,
      kept: new Map(main.runner.heard.kept),
      env: envOf(stage, plan, attempt),
    });
    step.post = running.played;
    if (postSignalMs !== null) stage.timeline.after(postSignalMs, running.interrupt);
    await running.ended;
  }
}

function givenTo({ steps }: Stage, plan: StepPlan, attempt: number): readonly string[] {
  if (plan.of === null) return [];
  const source = steps.find((step) => step.plan.name === plan.of && step.attempt === attempt);
  const text = source?.main.runner.heard.outputs.get('job-uuids') ?? '[]';
  const uuids = (JSON.parse(text) as (string | null)[]).filter((uuid) => uuid !== null);
  return uuids.length > 0 && plan.unknownUuid !== null ? [...uuids, plan.unknownUuid] : uuids;
}

function envOf({ temp }: Stage, plan: StepPlan, attempt: number): Record<string, string> {
  const own = {
    GITHUB_ACTION: plan.action,
    GITHUB_RUN_ATTEMPT: String(attempt),
    GITHUB_SHA: sha,
  };
  return temp === null ? own : { ...own, RUNNER_TEMP: temp };
}
