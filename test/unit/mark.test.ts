import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RunRef } from '../../src/inputs/context.ts';
import { readRunRef } from '../../src/inputs/context.ts';
import {
  describeWithMark,
  isOfRepository,
  getLifetime,
  mayOutlive,
  readMark,
} from '../../src/custody/mark.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const sha = 'a'.repeat(40);
const run: RunRef = {
  server: 'github.com',
  repository: 'acme/renders',
  repositoryId: '1234',
  runId: '4711',
  runAttempt: 2,
  sha,
  workflow: 'Nightly render',
};
const inputs = {
  wait: true,
  'wait-until': undefined,
  'on-timeout': 'cancel',
  'on-workflow-cancel': 'cancel',
  'on-job-end': 'keep',
  'on-rerun': 'cook',
} as const;
const mark = `cook-${'0'.repeat(32)}-0123456789abcdef`;
const withMark = (text: string, of: RunRef | null = run, given = inputs) =>
  describeWithMark(text, mark, given, of);
const read = (description: string | null) => readMark({ description });

test('stands at the end, in one line of plain characters', () => {
  expect(withMark('Frames')).toBe(
    `Frames [github.com/acme/renders 1234 4711.2 ${sha} server Nightly%20render] [${mark}]`,
  );
});

test('says again what it was made of, whatever workflow and text', () => {
  const text = fc.string({ unit: 'binary', maxLength: 3_000 });
  fc.assert(
    fc.property(text, text, (description, workflow) => {
      const whole = withMark(description, { ...run, workflow });
      const shown = workflow.slice(0, 40).toWellFormed();
      expect(read(whole)).toMatchObject({ ...run, workflow: shown, lifetime: 'server' });
      expect(whole.length).toBeLessThanOrEqual(2_000);
      expect(whole.endsWith(`[${mark}]`)).toBe(true);
    }),
  );
});

test('is kept whole when the text before it is cut', () => {
  const whole = withMark('x'.repeat(5_000));
  expect(whole).toHaveLength(2_000);
  expect(whole).toContain('xxx… [github.com/acme/renders ');
});

test('a run without a commit, and a server that tells no number of the repository', () => {
  const bare = { ...run, sha: '', repositoryId: '' };
  expect(read(withMark('', bare))).toMatchObject(bare);
});

test('only the last one counts', () => {
  const other = withMark('Frames', { ...run, repository: 'evil/fork', repositoryId: '666' });
  expect(read(withMark(other))).toMatchObject({ repository: 'acme/renders' });
  expect(read(`${other} and more`)).toBeNull();
});

test.each([
  null,
  '',
  'By hand',
  // As earlier versions of this action wrote it.
  `Cooked by acme/renders [${mark}]`,
  `[github.com/acme/renders 1234 4711.2 ${sha} for-ever Nightly] [${mark}]`,
  `[github.com/acme/renders 1234 4711.x ${sha} keep Nightly] [${mark}]`,
])('%j is none', (description) => {
  expect(read(description)).toBeNull();
});

test('outside of GitHub says nothing of a run', () => {
  expect(withMark('Frames', null)).toBe(`Frames [${mark}]`);
});

describe('how long a job may live', () => {
  test.each([
    [{}, 'server'],
    [{ wait: false }, 'keep'],
    [{ 'wait-until': 'running' }, 'keep'],
    [{ 'wait-until': 'completed' }, 'server'],
    [{ 'on-timeout': 'fail' }, 'keep'],
    [{ 'on-timeout': 'detach' }, 'keep'],
    [{ 'on-workflow-cancel': 'detach' }, 'keep'],
    [{ 'on-job-end': 'cancel' }, 'end'],
    // Post cancels what is left, whatever else was asked for.
    [{ 'on-job-end': 'cancel', wait: false }, 'end'],
  ] as const)('%j: %s', (given, lifetime) => {
    expect(getLifetime({ ...inputs, ...given })).toBe(lifetime);
  });

  test.each([
    ['keep', 'BATCH', true],
    ['keep', null, true],
    ['server', 'PERSISTENT', true],
    ['server', 'BATCH', false],
    ['server', null, false],
    ['end', 'PERSISTENT', false],
  ] as const)('%s, task %s: %s', (lifetime, task, may) => {
    expect(mayOutlive({ ...run, lifetime, mayBeAttached: false }, { task })).toBe(may);
  });

  test('a later attempt may take it over with on-rerun: attach', () => {
    const of = (given: 'cook' | 'attach') =>
      read(describeWithMark('', mark, { ...inputs, 'on-rerun': given }, run))?.mayBeAttached;
    expect(of('cook')).toBe(false);
    expect(of('attach')).toBe(true);
  });
});

describe('the repository', () => {
  test.each<[string, Partial<RunRef>, boolean]>([
    ['is this one', {}, true],
    ['has been renamed', { repository: 'acme/films' }, true],
    ['has another number under the same name', { repositoryId: '9' }, false],
    ['is a fork', { repository: 'fork/renders', repositoryId: '9' }, false],
    ['has the same number on another server', { server: 'ghe.acme.com' }, false],
    ['tells no number', { repositoryId: '' }, true],
    [
      'tells no number, and is spelled otherwise',
      { repositoryId: '', repository: 'Acme/Renders' },
      true,
    ],
    [
      'tells no number, and has another name',
      { repositoryId: '', repository: 'acme/films' },
      false,
    ],
  ])('%s', (_, change, isOurs) => {
    const job = { ...run, lifetime: 'end', mayBeAttached: false, ...change } as const;
    expect(isOfRepository(job, run)).toBe(isOurs);
  });
});

describe('the run, as the runner tells of it', () => {
  const env = { GITHUB_REPOSITORY_ID: '1234', GITHUB_RUN_ATTEMPT: '2' };
  const readRun = (change: Readonly<Record<string, string>> = {}) =>
    readRunRef(rememberingRunner({}, new Map(), { ...env, ...change }), sha);

  test('is read', () => {
    expect(readRun()).toEqual({ ...run, workflow: 'Nightly' });
  });

  test('may be on a server of its own', () => {
    const { server } = readRun({ GITHUB_SERVER_URL: 'https://ghe.acme.com:8443' }) ?? {};
    expect(server).toBe('ghe.acme.com:8443');
  });

  test.each([{ GITHUB_REPOSITORY: '' }, { GITHUB_RUN_ID: '' }, { GITHUB_REPOSITORY: 'a b/c' }])(
    'is none with %j',
    (change) => {
      expect(readRun(change)).toBeNull();
    },
  );

  test.each(['', 'x'])('may lack its number: %j', (id) => {
    expect(readRun({ GITHUB_REPOSITORY_ID: id })).toMatchObject({ repositoryId: '', sha });
  });
});
