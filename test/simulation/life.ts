import type { Dice } from './dice.ts';
import { createDice } from './dice.ts';
import type { AttemptEnd, AttemptPlan, ChecksPlan, LifePlan, StepPlan } from './plan.ts';
import { drawService } from './draw-service.ts';
import { drawCook, drawFollower } from './draw-step.ts';
import { drawWeather } from './weather.ts';

/** Draws a life: the same seed gives the same one. */
export function drawLife(seed: number): LifePlan {
  const dice = createDice(String(seed));
  const vanishing = dice.fork('vanishing');
  const isVanishing = vanishing.chance(0.06);
  const drawnService = drawService(dice.fork('service'));
  const service = isVanishing ? withEndlessJobs(drawnService, vanishing) : drawnService;
  const weather = drawWeather(dice.fork('weather'));
  const drawn = drawAttempt(dice.fork('attempt'), service.recipes);
  const first = isVanishing ? vanishingOf(drawn, vanishing) : drawn;
  const isRerun = dice.chance(0.2);
  const attempts = isRerun ? [first, rerunOf(first, dice.fork('rerun'))] : [first];
  const checks = drawChecks(dice.fork('checks'), attempts);
  return {
    seed,
    service: checks === null ? service : withStrangers(service),
    weather,
    attempts,
    checks,
  };
}

/** A runner that vanishes while it waits for jobs that are not to outlive it, most of the time. */
function vanishingOf(drawn: AttemptPlan, dice: Dice): AttemptPlan {
  const toEnd = { 'on-timeout': 'cancel', 'on-workflow-cancel': 'cancel' } as const;
  const policy = { onTimeout: 'cancel', onWorkflowCancel: 'cancel' } as const;
  const steps = drawn.steps.map((step) =>
    step.command === 'cook' && dice.chance(0.7)
      ? { ...step, inputs: { ...step.inputs, ...toEnd }, policy: { ...step.policy, ...policy } }
      : step,
  );
  return { ...drawn, steps, end: { kind: 'runner-gone', atMs: dice.span(500, 60_000) } };
}

function withEndlessJobs(service: LifePlan['service'], dice: Dice): LifePlan['service'] {
  const recipes = service.recipes.map((recipe) =>
    dice.chance(0.6) ? { ...recipe, life: [{ status: 'RUNNING' }] } : recipe,
  );
  return { ...service, recipes };
}

const minute = 60_000;

/** One check at any time, and two more, ten minutes apart: what GitHub's schedules give. */
function drawChecks(dice: Dice, attempts: readonly AttemptPlan[]): ChecksPlan | null {
  const isGone = attempts.at(-1)?.end?.kind === 'runner-gone';
  if (!dice.chance(isGone ? 0.8 : 0.08)) return null;
  const laterMs = () => dice.span(10 * minute + 2_000, 40 * minute);
  return {
    afterMs: [dice.span(minute, 40 * minute), laterMs(), laterMs()],
    runAtFirst: dice.weighted(
      [6, 'completed'],
      [1, 'gone'],
      [2, dice.pick(['in_progress', 'queued', 'waiting', 'pending'])],
    ),
    killedAfterMs: dice.chance(0.3) ? dice.span(50, 5_000) : null,
    clockOffsetMs: dice.weighted([2, 0], [1, dice.pick([-1, 1]) * dice.span(60_000, 28_800_000)]),
    blips: dice.weighted([6, 0], [1, 0.1], [1, 0.3]),
    areStatusesLeft: dice.chance(0.5),
  };
}

/** So that there are jobs of others to be left alone. */
function withStrangers(service: LifePlan['service']): LifePlan['service'] {
  const { strangers, strangersSpanMs } = service;
  return {
    ...service,
    strangers: Math.max(8, strangers),
    strangersSpanMs: Math.max(30_000, strangersSpanMs),
  };
}

function drawAttempt(dice: Dice, recipes: LifePlan['service']['recipes']): AttemptPlan {
  const scene = dice.weighted(
    [6, 'one' as const],
    [2, 'side-by-side' as const],
    [1, 'composite' as const],
    [2, 'followed' as const],
  );
  const cook = drawCook(dice.fork('cook'), 'A', '__run', recipes);
  const steps = drawSteps(dice, scene, cook, recipes);
  return {
    afterMs: 0,
    steps,
    order: scene === 'side-by-side' ? 'side-by-side' : 'one-by-one',
    end: drawEnd(dice, cook.policy.timeoutMs),
    beforePostMs: dice.weighted([3, 500], [2, dice.span(1_000, 300_000)]),
    postSignalMs: dice.chance(0.1) ? dice.span(1, 30_000) : null,
    clock: drawClock(dice.fork('clock')),
  };
}

type Scene = 'one' | 'side-by-side' | 'composite' | 'followed';

function drawSteps(
  dice: Dice,
  scene: Scene,
  cook: StepPlan,
  recipes: LifePlan['service']['recipes'],
): readonly StepPlan[] {
  switch (scene) {
    case 'one':
      return [cook];
    case 'composite':
      return [cook, { ...cook, name: 'B' }];
    case 'side-by-side': {
      // Steps of one composite action share the name, and often all that they are given.
      if (dice.chance(0.5)) return [cook, { ...cook, name: 'B' }];
      const action = dice.chance(0.5) ? cook.action : '__run_2';
      return [cook, drawCook(dice.fork('other'), 'B', action, recipes)];
    }
    case 'followed': {
      const isLeft = dice.chance(0.7);
      const base = isLeft ? drawCook(dice.fork('left'), 'A', '__run', recipes, false) : cook;
      const command = dice.weighted([3, 'wait' as const], [2, 'cancel' as const]);
      return [base, drawFollower(dice.fork('follower'), command)];
    }
  }
}

function drawEnd(dice: Dice, timeoutMs: number): AttemptEnd | null {
  const kind = dice.weighted<AttemptEnd['kind'] | null>(
    [5, null],
    [3, 'cancel'],
    [2, 'kill'],
    [0.7, 'runner-gone'],
  );
  if (kind === null) return null;
  const atMs = dice.weighted(
    [3, dice.span(1, 3_000)],
    [4, dice.span(1_000, Math.max(2_000, timeoutMs))],
    [1, timeoutMs + dice.int(-2_000, 8_000)],
  );
  return { kind, atMs: Math.max(1, atMs) };
}

function drawClock(dice: Dice): AttemptPlan['clock'] {
  const hour = 3_600_000;
  const offsetMs = dice.weighted(
    [5, 0],
    [2, dice.int(-200_000, 200_000)],
    [2, dice.pick([-1, 1]) * dice.span(360_000, 8 * hour)],
  );
  const count = dice.weighted([8, 0], [1, 1], [0.5, 2]);
  const steps = Array.from({ length: count }, () => ({
    atMs: dice.span(500, 600_000),
    byMs: dice.pick([-1, 1]) * dice.span(1_000, 3 * hour),
  }));
  return { offsetMs, steps };
}

// A re-run has the same steps with the same inputs.
function rerunOf(first: AttemptPlan, dice: Dice): AttemptPlan {
  const onRerun = dice.weighted([3, 'attach' as const], [1, 'cook' as const]);
  // As a presigned URL, which is another one in each attempt.
  const secret = `sesame-${dice.fork('secret').uuid()}`;
  const steps = first.steps.map((step) =>
    step.command !== 'cook'
      ? step
      : {
          ...step,
          inputs: {
            ...step.inputs,
            'on-rerun': onRerun,
            ...(step.secret !== null && { env: `RENDER_TOKEN=${secret}` }),
          },
          policy: { ...step.policy, onRerun },
          secret: step.secret === null ? null : secret,
        },
  );
  const timeoutMs = first.steps[0]?.policy.timeoutMs ?? 60_000;
  return {
    ...first,
    afterMs: dice.span(2_000, 120_000),
    steps,
    end: drawEnd(dice, timeoutMs),
    clock: drawClock(dice.fork('clock')),
  };
}
