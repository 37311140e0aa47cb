import { expect, test } from '@jest/globals';
import type { PlannedEntry } from '../../src/cooking/plan.ts';
import { noCeilings } from '../../src/money/ceilings.ts';
import { reportDryRun } from '../../src/report/dry-run-report.ts';
import { plannedCook } from '../support/plans.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const plan = (index: number, value: string): PlannedEntry =>
  plannedCook(index, { title: 'Render', description: value });

async function summaryOf(plans: readonly PlannedEntry[]): Promise<string> {
  const runner = rememberingRunner({});
  await reportDryRun(runner, plans, noCeilings, null);
  return runner.summary();
}

test('a dry run shows each body', async () => {
  const summary = await summaryOf([plan(0, 'a|b'), plan(1, 'c')]);
  expect(summary).toContain('all 2 jobs can be cooked');
  expect(summary).toContain('\n  "description": "a|b"');
});

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

test('the JSON of a body keeps its indentation, in the log and in the summary', async () => {
  const runner = rememberingRunner({});
  const body = { parameters: { type: 'docker', parameters: { ports: [80] } } };
  await reportDryRun(runner, [plannedCook(0, body)], noCeilings, null);
  const lines = JSON.stringify(body, null, 2).split('\n');
  expect(runner.lines.slice(1, -1)).toEqual(lines.map((line) => `  | ${line}`));
  const [, shown] = /<pre>\n([^]*?)\n<\/pre>/.exec(runner.summary()) ?? [];
  expect(shown?.split('\n')).toEqual(lines);
});

test('bodies too long for a summary are cut', async () => {
  const summary = await summaryOf(
    Array.from({ length: 900 }, (_, index) => plan(index, '<&|` '.repeat(300))),
  );
  expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576);
  expect(summary).toMatch(/<\/details>\n+The rest did not fit\.\n$/);
});
