import { expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.ts';
import { reportFailure, reportOutcomes } from '../../src/report/report.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeOutcome } from '../support/outcomes.ts';

async function messageOf(...outcomes: readonly Outcome[]): Promise<string> {
  const runner = rememberingRunner({});
  await reportOutcomes(runner, outcomes);
  return runner.outputs.get('message') ?? '';
}

const failed = (reason: string) =>
  fakeOutcome({ result: 'failed' }, { status: 'FAILED', status_reason: reason });

test('the message of a success is the verdict and the cost', async () => {
  expect(await messageOf(fakeOutcome())).toBe('Render three frames succeeded; about 0.06 USD');
});

test('the message of a failure has the title, the reason and the remedy of the annotation', async () => {
  const runner = rememberingRunner({});
  await reportOutcomes(runner, [failed('exit code 137')]);
  const [annotation] = runner.annotations;
  const [title, text] = runner.outputs.get('message')?.split('\n') ?? [];
  expect(title).toBe(annotation?.title);
  expect(text).toBe(annotation?.message.replaceAll('\n', ' '));
});

test('the message of several jobs has the verdict, and the reason of the worst', async () => {
  const message = await messageOf(fakeOutcome(), failed('exit code 3'));
  expect(message.split('\n')).toEqual([
    '1 of 2 jobs failed, 1 succeeded; about 0.12 USD',
    expect.stringMatching(/^Job 0198.* failed with exit code 3\. Read its log/),
  ]);
});

test('a message is plain text of at most 1,000 characters, and keeps the remedy', async () => {
  const message = await messageOf(failed('##[add-mask]x '.repeat(500)));
  expect(message.length).toBeLessThanOrEqual(1_000);
  expect(message).not.toContain('##[');
  expect(message).toMatch(/console\.dispersed\.com\/jobs$/);
});

test('bad input has a message, too', async () => {
  const runner = rememberingRunner({});
  const problems = ['timeout', 'title'].map((input) => ({ input, message: 'is not valid' }));
  await reportFailure(runner, new InputError(problems));
  expect(runner.outputs.get('message')).toBe(
    '2 problems in the inputs; nothing was sent\ntimeout: is not valid; title: is not valid',
  );
  expect(runner.failed()).toBe(true);
});

test.each([
  [
    'EACCES: permission denied, open /github/file_commands/output',
    'A file of the runner cannot be written',
  ],
  ['Missing file at path: /github/file_commands/output', 'A file of the runner cannot be written'],
  ['ENOSPC: no space left on device, write', 'The disk of the runner is full'],
  ['x is not a function', 'Internal error'],
])('%p is annotated once, though the outputs cannot be written either', async (text, title) => {
  const remembering = rememberingRunner({});
  const runner = {
    ...remembering,
    output: () => {
      throw new Error(text);
    },
  };
  await reportFailure(runner, new Error(text));
  expect(remembering.annotations.map((annotation) => annotation.title)).toEqual([title]);
  const isBug = remembering.annotations[0]?.message.includes('This is a bug in this action');
  expect(isBug).toBe(title === 'Internal error');
});
