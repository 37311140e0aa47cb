import type { Dice } from './dice.ts';
import { createDice } from './dice.ts';
import type { AttemptEnd, AttemptPlan, LifePlan, StepPlan } from './plan.ts';
import { drawService } from './draw-service.ts';
import { drawCook, drawFollower } from './draw-step.ts';
import { drawWeather } from './weather.ts';

/** Draws a life: the same seed gives the same one. */
export function drawLife(seed: number): LifePlan {
  const dice = createDice(String(seed));
  const service = drawService(dice.fork('service'));
  const weather = drawWeather(dice.fork('weather'));
  const first = drawAttempt(dice.fork('attempt'), service.recipes);
  const isRerun = dice.chance(0.2);
  const attempts = isRerun ? [first, rerunOf(first, dice.fork('rerun'))] : [first];
  return { seed, service, weather, attempts };
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
  const steps = first.steps.map((step) =>
    step.command !== 'cook'
      ? step
      : {
          ...step,
          inputs: { ...step.inputs, 'on-rerun': onRerun },
          policy: { ...step.policy, onRerun },
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
