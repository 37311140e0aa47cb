import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InputError, ServiceError } from '../../src/errors.ts';
import { reportFailure, reportOutcomes } from '../../src/report/report.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { findCommands } from '../runner/commands.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import type { Annotation } from '../runner/model.ts';
import { foreignOutcome } from '../support/foreign.ts';
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

async function annotationsOf(bad: readonly Outcome[]): Promise<readonly Annotation[]> {
  const runner = rememberingRunner({});
  await reportOutcomes(runner, bad, { isFine: () => false });
  return runner.annotations;
}

function failedWith(logTail: readonly string[], reason = 'exit code 1'): Outcome {
  return fakeOutcome({ result: 'failed', logTail }, { status: 'FAILED', status_reason: reason });
}

/** The lines of a log that its annotation has. */
async function evidenceOf(log: readonly string[]): Promise<readonly string[]> {
  const [annotation] = await annotationsOf([failedWith(log)]);
  const lines = annotation?.message.split('\n') ?? [];
  return lines.flatMap((line) => (line.startsWith('| ') ? [line.slice(2)] : []));
}

test('a failed job: the reason, the telling lines of its log, what to do', async () => {
  const log = [
    'Loading checkpoint',
    '',
    ' 45%|████▌     | 9/20 [00:01<00:02]',
    '==================',
    'dispersed-output: {"loss": 3}',
    'Retrying',
    'Retrying',
    '\u001b[31mtorch.OutOfMemoryError: CUDA out of memory\u001b[0m',
  ];
  expect(await annotationsOf([failedWith(log)])).toMatchSnapshot();
});

test('a traceback keeps its indentation, and has nothing of the progress before it', async () => {
  const traceback = [
    'Traceback (most recent call last):',
    '  File "/app/train.py", line 88, in <module>',
    '    loss = step(model, batch)',
    'torch.OutOfMemoryError: CUDA out of memory',
  ];
  expect(await evidenceOf(['epoch 1', 'epoch 2', ...traceback])).toEqual(traceback);
});

test('a job without a log has none in its annotation', async () => {
  expect((await annotationsOf([failedWith([])]))[0]?.message.split('\n')).toHaveLength(2);
});

test('the last lines are kept, at most 15', async () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  expect(await evidenceOf(lines)).toEqual(lines.slice(-15));
});

test('of long lines so many are kept as fit, and what to do is always said', async () => {
  const lines = Array.from({ length: 40 }, (_, index) => `${index} ${'xxx '.repeat(500)}`);
  const [annotation] = await annotationsOf([failedWith(lines, 'y '.repeat(2_500))]);
  expect(annotation?.message).toContain('\n| 39 xxx');
  expect(annotation?.message).toMatch(/console.dispersed.com.jobs\nThe log ends with:\n/);
  expect(annotation?.message.length).toBeLessThanOrEqual(4_000);
});

test.each(['epoch 3: loss 0.2 (93% done)', 'Error: [a-z]', '100% of tests failed'])(
  '%p is no noise',
  async (line) => {
    expect(await evidenceOf([line])).toEqual([line]);
  },
);

test('whatever the service says: at most ten, of bounded length, and no command', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(foreignOutcome, { minLength: 1, maxLength: 14 }),
      async (outcomes) => {
        const annotations = await annotationsOf(outcomes);
        expect(annotations.length).toBe(Math.min(10, outcomes.length));
        for (const { title, message } of annotations) {
          expect(title.length + message.length).toBeLessThanOrEqual(4_250);
          expect(message.length).toBeLessThanOrEqual(4_000);
          expect(findCommands(message)).toEqual([]);
        }
      },
    ),
  );
});

test('a job with retries left that showed FAILED when it was cancelled has not ended for sure', async () => {
  const cancelled = fakeOutcome(
    { result: 'cancelled', ending: 'interrupt', cancel: 'accepted' },
    { status: 'FAILED', max_retry_count: 2 },
  );
  const [annotation] = await annotationsOf([cancelled]);
  expect(annotation?.message).toContain('canceled so that the service does not restart it');
});

const refusal = (status: number, detail: string) =>
  new ServiceError({ trouble: 'refused', request: 'GET /v1/jobs/1', status, detail });

test('of what the service has ended with a full stop, there is one', async () => {
  const error = refusal(402, 'Insufficient balance.');
  const [annotation] = await annotationsOf([fakeOutcome({ result: 'error', error })]);
  expect(annotation?.message).toContain(': Insufficient balance.\n');
});

test('a job that was there and is gone has no wrong UUID', async () => {
  const lost = { result: 'error', ending: 'lost', error: refusal(404, 'Job not found') } as const;
  const [annotation] = await annotationsOf([fakeOutcome(lost, { status: 'RUNNING' })]);
  expect(annotation?.message).toContain('it may have been deleted');
  const [given] = await annotationsOf([fakeOutcome({ ...lost, job: null })]);
  expect(given?.message).toContain('Check the UUID');
});
