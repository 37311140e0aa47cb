import { expect, test } from '@jest/globals';
import type { PlannedEntry } from '../../src/cooking/plan.ts';
import { noCeilings } from '../../src/money/ceilings.ts';
import { reportDryRun } from '../../src/report/dry-run-report.ts';
import { plannedCook } from '../support/plans.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const plan = (index: number, value: string): PlannedEntry =>
  plannedCook(index, { title: 'Render', description: value });

test('of several jobs each line that begins a body says whose it is', async () => {
  const runner = rememberingRunner({});
  await reportDryRun(
    runner,
    [plan(0, 'a'), { ...plan(1, 'b'), body: {} }, plan(2, 'c')],
    noCeilings,
    null,
  );
  const first = runner.lines.filter((line) => line.includes('Would cook recipe'));
  expect(first.map((line) => line.split('Would')[0])).toEqual(['#1  ', '#3  ']);
});

test('the JSON of a body keeps its indentation', async () => {
  const runner = rememberingRunner({});
  const body = { parameters: { type: 'docker', parameters: { ports: [80] } } };
  await reportDryRun(runner, [plannedCook(0, body)], noCeilings, null);
  const lines = JSON.stringify(body, null, 2).split('\n');
  expect(runner.lines.slice(1, -1)).toEqual(lines.map((line) => `  | ${line}`));
});

test('where the offers cost too much, the message says why and how to fix it', async () => {
  const runner = rememberingRunner({});
  const overBudget = { kind: 'offers', amountUsd: 0.69, ceilingUsd: 0.5 } as const;
  const requirements = { filters: {}, gpuName: null };
  const prices = { requirements, offers: null, nearestGpu: null, overBudget };
  await reportDryRun(runner, [{ ...plan(0, 'a'), prices }], noCeilings, null);
  expect(runner.outputs.get('result')).toBe('over-budget');
  expect(runner.outputs.get('message')).toMatch(/costs more than max-hourly-rate.*Increase/s);
});

test('a recipe that a table has no row for is in the log', async () => {
  const runner = rememberingRunner({});
  const plans = Array.from({ length: 203 }, (_, index) => plannedCook(index, {}));
  await reportDryRun(runner, plans, noCeilings, null);
  expect(runner.summary()).toContain('\n3 more rows are in the log.');
});
