import { expect, test } from '@jest/globals';
import type { CheckResult } from '../../src/check/jobs.ts';
import { renderCheck } from '../../src/check/report.ts';
import type { ErrorMessage } from '../../src/report/errors.ts';
import { fakeOutcome, uuidNumber, fakeRunRef } from '../support/outcomes.ts';

const here = fakeRunRef({ runId: '99', workflow: 'Check' });
const nowMs = Date.UTC(2026, 5, 1, 12);

type Times = Readonly<Record<'created_at' | 'started_at', string | null>>;

/** The summary of a check that found jobs that run. */
function render(times: Times, count = 1, problems: readonly ErrorMessage[] = []) {
  const outcome = fakeOutcome({ result: 'running' }, { uuid: uuidNumber(1), status: 'RUNNING' });
  const { job } = outcome;
  if (job === null) throw new Error('no job');
  const mark = { ...here, runId: '7', runAttempt: 2, sha: 'c0ffee0'.padEnd(40, '0') };
  const checked = {
    job: { ...job, ...times },
    mark: { ...mark, lifetime: 'keep', mayBeAttached: false } as const,
    outcome,
    cost: { usd: 1.5, is: 'estimated' } as const,
  };
  const result: CheckResult = {
    sinceMs: nowMs - 86_400_000,
    nowMs,
    running: Array.from({ length: count }, () => checked),
    ended: [],
    orphans: [],
  };
  return renderCheck(result, here, problems);
}

test.each([
  ['its start', '2026-05-31T00:00:00Z', '2026-06-01T11:00:00Z', '2026-06-01 11:00 UTC (1h 00m)'],
  ['its cook', '2026-06-01T10:30:00Z', null, '2026-06-01 10:30 UTC (1h 30m)'],
  // The older host tells days only: no time of day is made up.
  ['the day of its start', '2026-05-31', '2026-06-01', '2026-06-01'],
  ['the day of its cook', '2026-05-31', null, '2026-05-31'],
])('a job that runs is shown since %s', (_, created, started, shown) => {
  const cells = render({ created_at: created, started_at: started })
    .replaceAll('\u00a0', ' ')
    .split(/<\/?t[dh][^>]*>/);
  expect(cells).toContain(shown);
});

test('of a job without dates nothing is shown', () => {
  expect(render({ created_at: null, started_at: null })).not.toContain('Since');
});

test('it leads to the attempt of the run that cooked the job, and says what was spent', () => {
  const markdown = render({ created_at: null, started_at: null });
  expect(markdown).toContain('https://github.com/acme/renders/actions/runs/7/attempts/2');
  expect(markdown).toContain('<samp>c0ffee0</samp>');
  expect(markdown).toContain('#### Spend by workflow');
  expect(markdown).toContain('Jobs cooked since 2026-05-31 12:00 UTC');
});

test('more jobs than a table has rows for are in the output of their kind', () => {
  const markdown = render({ created_at: null, started_at: null }, 203);
  expect(markdown).toContain('\n3 more rows are in the output `running`.');
});

test('it has every problem of the check', () => {
  const problem = { title: 'Could not read', cause: 'HTTP 502.', remedy: 'Wait.' };
  const markdown = render({ created_at: null, started_at: null }, 1, [problem]);
  expect(markdown).toContain('<p>⚠️ Could not read. HTTP 502.<br><b>How to fix:</b> Wait.</p>');
});
