import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { gpuNames, usualService } from './draw-service.ts';
import type { LifePlan, StepPlan } from './plan.ts';
import { playLife, type PlayedLife } from './play.ts';
import { keys } from './service.ts';

// In made-up time, to the cent: what the service has billed stays at or below `max-cost`.

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const second = 1_000;
const hour = 3_600 * second;

interface Scene {
  readonly jobs: number;
  readonly inputs: Readonly<Record<string, string>>;
  readonly hourlyRateUsd: number;
  /** How long a job is queued, and then prepared. */
  readonly queuedMs?: number;
  readonly rateAfterMs?: number;
  readonly retries?: number;
  readonly end?: LifePlan['attempts'][number]['end'];
}

/** A step whose jobs would run for hours. */
function planOf(scene: Scene): LifePlan {
  const { queuedMs = 30 * second, retries = 0, rateAfterMs = 0 } = scene;
  const recipe = {
    uuid,
    name: 'Train',
    payload: { max_retry_count: retries, max_timeout_run_ms: 9 * hour },
    life: [
      { status: 'PENDING', forMs: queuedMs },
      { status: 'ASSIGNED', forMs: 20 * second },
      { status: 'RUNNING' },
    ],
    hourlyRateUsd: scene.hourlyRateUsd,
    rateAfterMs,
  };
  return {
    seed: 1,
    service: { ...usualService, recipes: [recipe], offers: gpuNames, latencyMs: 300 },
    weather: { blips: 0, outages: [], strikes: [] },
    checks: null,
    attempts: [
      {
        afterMs: 0,
        steps: [stepOf(scene)],
        order: 'one-by-one',
        end: scene.end ?? null,
        beforePostMs: 500,
        postSignalMs: null,
        clock: { offsetMs: 0, steps: [] },
      },
    ],
  };
}

function stepOf({ jobs, inputs }: Scene): StepPlan {
  return {
    name: 'A',
    command: 'cook',
    action: '__run',
    inputs: {
      'public-key': keys.publicKey,
      'secret-key': keys.secretKey,
      recipes: Array.from({ length: jobs }, () => uuid).join('\n'),
      logs: 'none',
      ...inputs,
    },
    entries: [],
    policy: {
      wait: true,
      waitUntil: 'by-task',
      timeoutMs: 6 * hour,
      pollMs: 0,
      onTimeout: 'cancel',
      onWorkflowCancel: 'cancel',
      onJobEnd: 'keep',
      onRerun: 'cook',
      maxParallel: 0,
      failFast: false,
      gpuNames: [],
      readyCheck: false,
      minVramGb: null,
      maxHourlyRateUsd: null,
      maxCostUsd: null,
      logs: 'none',
    },
    of: null,
    unknownUuid: null,
    secret: null,
  };
}

/** What the service bills in the end, when every run limit has come. */
function billedUsd({ service, endMs }: PlayedLife): number {
  return service.jobs().reduce((sum, job) => sum + job.costUsdAt(endMs + 100 * hour), 0);
}

const resultOf = ({ steps }: PlayedLife) => steps[0]?.main.runner.heard.outputs.get('result');
const both = (maxCost: string) => ({ 'max-cost': maxCost, 'max-hourly-rate': '0.50' });
const roundingUsd = 1e-9;

// A share of 0.05 USD for each of 50 jobs at 0.50 USD an hour is 7 s, which the service does not take.
test.each([
  [1, '0.05'],
  [5, '0.05'],
  [50, '0.5'],
])(
  '%d jobs that would run for hours cost %s USD at most',
  async (jobs, maxCost) => {
    for (const hourlyRateUsd of [0.35, 0.5]) {
      const life = await playLife(planOf({ jobs, inputs: both(maxCost), hourlyRateUsd }));
      expect(resultOf(life)).toBe('over-budget');
      expect(life.service.jobs()).toHaveLength(jobs);
      expect(billedUsd(life)).toBeLessThanOrEqual(Number(maxCost) + roundingUsd);
      expect(billedUsd(life)).toBeGreaterThan(Number(maxCost) / 2);
    }
  },
  60_000,
);

test('a share below the minimum of the service is refused, and nothing is cooked', async () => {
  const life = await playLife(planOf({ jobs: 50, inputs: both('0.05'), hourlyRateUsd: 0.35 }));
  expect(resultOf(life)).toBe('error');
  expect(life.service.jobs()).toEqual([]);
  const [{ message } = { message: '' }] = life.steps[0]?.main.runner.heard.annotations ?? [];
  expect(message).toContain('7.2 s');
  expect(message).toContain('at least 0.4167');
});

test('also where main is killed at any moment, and post never comes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom([1, '0.05'] as const, [5, '0.05'] as const, [50, '0.5'] as const),
      fc.integer({ min: 1, max: 420 * second }),
      fc.integer({ min: 100, max: 300 * second }),
      fc.constantFrom(0, 0, 1),
      async ([jobs, maxCost], atMs, queuedMs, retries) => {
        const end = { kind: 'runner-gone', atMs } as const;
        const scene = { jobs, inputs: both(maxCost), hourlyRateUsd: 0.5, queuedMs, retries, end };
        const life = await playLife(planOf(scene));
        expect(life.stuck).toBeNull();
        expect(billedUsd(life)).toBeLessThanOrEqual(Number(maxCost) + roundingUsd);
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);

test('max-cost alone is kept where the rate is known in time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(0.35, 0.69, 4.14),
      fc.integer({ min: 100, max: 300 * second }),
      async (jobs, hourlyRateUsd, queuedMs) => {
        // Three minutes of all of them.
        const maxCost = (jobs * hourlyRateUsd) / 20;
        const inputs = { 'max-cost': maxCost.toFixed(6) };
        const life = await playLife(planOf({ jobs, inputs, hourlyRateUsd, queuedMs }));
        expect(resultOf(life)).toBe('over-budget');
        expect(billedUsd(life)).toBeLessThanOrEqual(maxCost + 1e-6);
        expect(billedUsd(life)).toBeGreaterThan(maxCost * 0.8);
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);

test.each([
  [0, 'auto'],
  [45 * second, 'auto'],
  [0, '10m'],
  [45 * second, '10m'],
])(
  'a dearer node is cancelled within a look (rate after %d ms, poll-interval %s)',
  async (rateAfterMs, interval) => {
    const scene = {
      jobs: 1,
      inputs: { 'max-hourly-rate': '0.50', 'poll-interval': interval },
      hourlyRateUsd: 4.14,
      rateAfterMs,
    };
    const life = await playLife(planOf(scene));
    expect(resultOf(life)).toBe('over-budget');
    const [job] = life.service.jobs();
    const assignedMs = (job?.takenAtMs ?? 0) + 30 * second;
    // The longest pause between two looks, and what the requests take.
    const lookMs = 20 * second + 2 * second;
    expect((job?.cancels[0]?.atMs ?? Infinity) - assignedMs).toBeLessThan(rateAfterMs + lookMs);
  },
);
