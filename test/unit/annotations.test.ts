import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ServiceError } from '../../src/errors.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { annotateOutcomes } from '../../src/report/annotations.ts';
import { foreignOutcome } from '../support/foreign.ts';
import { fakeOutcome } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import type { Annotation } from '../runner/model.ts';
import { findCommands } from '../runner/commands.ts';

function annotationsOf(bad: readonly Outcome[]): readonly Annotation[] {
  const runner = rememberingRunner({});
  annotateOutcomes(runner, bad);
  return runner.annotations;
}

function failed(logTail: readonly string[], reason = 'exit code 1'): Outcome {
  return fakeOutcome({ result: 'failed', logTail }, { status: 'FAILED', status_reason: reason });
}

/** The lines of a log that its annotation has. */
function evidenceOf(log: readonly string[]): readonly string[] {
  const [annotation] = annotationsOf([failed(log)]);
  const lines = annotation?.message.split('\n') ?? [];
  return lines.flatMap((line) => (line.startsWith('| ') ? [line.slice(2)] : []));
}

test('a failed job: the reason, the telling lines of its log, what to do', () => {
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
  expect(annotationsOf([failed(log)])).toMatchSnapshot();
});

test('a traceback keeps its indentation, and has nothing of the progress before it', () => {
  const traceback = [
    'Traceback (most recent call last):',
    '  File "/app/train.py", line 88, in <module>',
    '    loss = step(model, batch)',
    'torch.OutOfMemoryError: CUDA out of memory',
  ];
  expect(evidenceOf(['epoch 1', 'epoch 2', ...traceback])).toEqual(traceback);
});

test('a job without a log has none in its annotation', () => {
  expect(annotationsOf([failed([])])[0]?.message.split('\n')).toHaveLength(2);
});

test('the last lines are kept, at most 15', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  expect(evidenceOf(lines)).toEqual(lines.slice(-15));
});

test('of long lines so many are kept as fit, and what to do is always said', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `${index} ${'xxx '.repeat(500)}`);
  const [annotation] = annotationsOf([failed(lines, 'y '.repeat(2_500))]);
  expect(annotation?.message).toContain('\n| 39 xxx');
  expect(annotation?.message).toMatch(/console.dispersed.com.jobs\nThe log ends with:\n/);
  expect(annotation?.message.length).toBeLessThanOrEqual(4_000);
});

test.each(['epoch 3: loss 0.2 (93% done)', 'Error: [a-z]', '100% of tests failed'])(
  '%p is no noise',
  (line) => {
    expect(evidenceOf([line])).toEqual([line]);
  },
);

test('whatever the service says: at most ten, of bounded length, and no command', () => {
  fc.assert(
    fc.property(fc.array(foreignOutcome, { minLength: 1, maxLength: 14 }), (outcomes) => {
      const annotations = annotationsOf(outcomes);
      expect(annotations.length).toBe(Math.min(10, outcomes.length));
      for (const { title, message } of annotations) {
        expect(title.length + message.length).toBeLessThanOrEqual(4_250);
        expect(message.length).toBeLessThanOrEqual(4_000);
        expect(findCommands(message)).toEqual([]);
      }
    }),
  );
});

test('a job with retries left that showed FAILED when it was cancelled has not ended for sure', () => {
  const cancelled = fakeOutcome(
    { result: 'cancelled', ending: 'interrupt', cancel: 'accepted' },
    { status: 'FAILED', max_retry_count: 2 },
  );
  const [annotation] = annotationsOf([cancelled]);
  expect(annotation?.message).toContain('It is being canceled, in case the service starts it');
});

const refusal = (status: number, detail: string) =>
  new ServiceError({ trouble: 'refused', request: 'GET /v1/jobs/1', status, detail });

test('of what the service has ended with a full stop, there is one', () => {
  const error = refusal(402, 'Insufficient balance.');
  const [annotation] = annotationsOf([fakeOutcome({ result: 'error', error })]);
  expect(annotation?.message).toContain(': Insufficient balance.\n');
});

test('a job that was there and is gone has no wrong UUID', () => {
  const lost = { result: 'error', ending: 'lost', error: refusal(404, 'Job not found') } as const;
  const [annotation] = annotationsOf([fakeOutcome(lost, { status: 'RUNNING' })]);
  expect(annotation?.message).toContain('it may have been deleted');
  const [given] = annotationsOf([fakeOutcome({ ...lost, job: null })]);
  expect(given?.message).toContain('Check the UUID');
});
