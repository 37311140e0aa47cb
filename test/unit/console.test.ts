import { expect, test } from '@jest/globals';
import { ServiceError } from '../../src/errors.ts';
import { createConsole } from '../../src/report/log.ts';
import { findCommands } from '../runner/commands.ts';
import { uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const attacks = ['##[add-mask]x', '##[stop-commands]x', '##[set-output name=a]b', '\r::error::x'];

test.each(attacks)('the reason %j of a cancel is no command', (reason) => {
  const runner = rememberingRunner({});
  createConsole(runner, 1).cancelling(uuidNumber(1), reason);
  expect(runner.lines).toHaveLength(1);
  expect(findCommands(runner.lines.join('\n'))).toEqual([]);
});

test.each(attacks)('nor is %j where nobody has made it safe', (text) => {
  const runner = rememberingRunner({});
  runner.print(text);
  runner.group(text, () => {
    runner.print(`:${text}`);
  });
  const commands = findCommands(runner.lines.join('\n')).map(({ name }) => name);
  expect(commands).toEqual(['group', 'endgroup']);
});

test('what an error says is without secrets', () => {
  const runner = rememberingRunner({});
  runner.mask('hunter2-secret');
  const console = createConsole(runner, 1);
  const error = new Error('EACCES: /tmp/hunter2-secret');
  console.cancelFailed(uuidNumber(1), error);
  console.cleanupFailed(error);
  console.logIncomplete('job', error);
  for (const { message } of runner.annotations) {
    expect(message).toContain('EACCES: /tmp/***');
    expect(message).not.toContain('hunter2');
  }
});

test('what may run unnoticed is told once, and a sentence ends once', () => {
  const runner = rememberingRunner({});
  const console = createConsole(runner, 1);
  const error = new Error('Try again later.');
  for (const mark of ['cook-1-a', 'cook-1-a', 'cook-2-a']) console.lookupFailed(mark, error);
  expect(runner.annotations).toHaveLength(2);
  expect(runner.annotations[0]?.message).toContain('failed: Try again later. Search for cook-1-a');
});

test('that the service lets cooks wait is said once, however many there are', () => {
  const runner = rememberingRunner({});
  const console = createConsole(runner, 100);
  const error = new ServiceError({
    trouble: 'refused',
    request: 'POST /cook',
    status: 429,
    detail: 'slow down',
  });
  for (let each = 0; each < 100; each += 1) console.cookDelayed(error);
  expect(runner.lines).toEqual([
    'The cook has to wait (POST /cook (HTTP 429): slow down). Trying again',
  ]);
});
