import { expect, test } from '@jest/globals';
import { reportDryRun, type PlannedCook } from '../../src/report/dry-run-report.ts';
import { uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../support/runner.ts';

function plan(index: number, value: string): PlannedCook {
  const recipeUuid = uuidNumber(index + 1);
  const request = {
    index,
    recipeUuid,
    jobUuid: null,
    title: null,
    namesRegions: false,
    mark: 'mark',
    earlierHashes: [],
    fields: {},
    container: null,
  };
  const body = { title: 'Render', description: value };
  return { request, recipe: { uuid: recipeUuid, name: 'Render', payload: {} }, body, error: null };
}

async function summaryOf(plans: readonly PlannedCook[]): Promise<string> {
  const runner = rememberingRunner({});
  await reportDryRun(runner, plans);
  return runner.summary();
}

test('a dry run shows each body', async () => {
  const summary = await summaryOf([plan(0, 'a|b'), plan(1, 'c')]);
  expect(summary).toContain('all 2 jobs can be cooked');
  expect(summary).toContain('"description": "a&#124;b"');
});

test('bodies too long for a summary are left to the log', async () => {
  const summary = await summaryOf(
    Array.from({ length: 900 }, (_, index) => plan(index, '<&|`'.repeat(300))),
  );
  expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576);
  expect(summary).toContain('The requests are in the log');
  expect(summary).not.toContain('<details>');
});
