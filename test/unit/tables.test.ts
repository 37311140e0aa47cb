import { expect, test } from '@jest/globals';
import { readInputs } from '../../src/inputs/read.ts';
import { cancelInputs, waitInputs } from '../../src/inputs/tables.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

test('a job that is given twice, in whatever case, is one job with one cost', () => {
  const other = '7d9f0f6e-3a55-4b0c-9a4e-1f1d1c3c6b52';
  const keys = { 'public-key': 'pk_1', 'secret-key': 'sk_1' };
  for (const given of [
    `${uuid}\n${other} ${uuid.toUpperCase()}`,
    JSON.stringify([uuid, null, other, uuid]),
  ]) {
    const inputs = readInputs(rememberingRunner({ ...keys, 'job-uuids': given }), cancelInputs);
    expect(inputs['job-uuids']).toEqual([uuid, other]);
  }
});

test.each(['[]', '[null]', ' [null, null]\n'])(
  '%j is no job, which is no error of cancel',
  (given) => {
    const runner = rememberingRunner({
      'public-key': 'pk_1',
      'secret-key': 'sk_1',
      'job-uuids': given,
    });
    expect(readInputs(runner, cancelInputs)['job-uuids']).toEqual([]);
    expect(() => readInputs(runner, waitInputs)).toThrow(
      'job-uuids: has no job to wait for: use the UUID of a job, or several UUIDs, one per line',
    );
  },
);

test.each([cancelInputs, waitInputs])('no text is an error of each, %#', (table) => {
  const runner = rememberingRunner({ 'public-key': 'pk_1', 'secret-key': 'sk_1' });
  expect(() => readInputs(runner, table)).toThrow(
    'job-uuids: is missing: use the UUID of a job, or several UUIDs, one per line',
  );
});

test('a list that is indented as a whole is read', () => {
  const given = `\n    [\n      "${uuid}",\n      null\n    ]\n`;
  const runner = rememberingRunner({
    'public-key': 'pk_1',
    'secret-key': 'sk_1',
    'job-uuids': given,
  });
  expect(readInputs(runner, waitInputs)['job-uuids']).toEqual([uuid]);
});
