import { expect, test } from '@jest/globals';
import { createWarnings } from '../../src/report/warnings.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { uuidNumber } from '../support/outcomes.ts';

test('why the offers could not be read is shown up to 200 characters', () => {
  const runner = rememberingRunner({});
  const { offersUnknown } = createWarnings(runner);
  const reason = 'w'.repeat(199);
  offersUnknown(new Error(reason), true);
  expect(runner.annotations).toMatchObject([
    {
      level: 'warning',
      title: 'The offers could not be read',
      message: `Prices are unknown until the jobs run: ${reason}. The action checks the rates when the jobs run.`,
    },
  ]);
});

test('a warning is shown once for each job', () => {
  const runner = rememberingRunner({});
  const { resultsIgnored } = createWarnings(runner);
  for (const number of [1, 2, 1]) resultsIgnored(uuidNumber(number), 'no JSON');
  expect(runner.annotations.map(({ message }) => message)).toEqual(
    [1, 2].map(
      (number) =>
        `Job ${uuidNumber(number)} printed dispersed-output lines that cannot be used: no JSON.`,
    ),
  );
});
