import { expect, test } from '@jest/globals';
import { cancelInputs } from '../../src/inputs/job.ts';
import { readInputs } from '../../src/inputs/read.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

test('a job that is given twice, in whatever case, is one job with one cost', async () => {
  const other = '7d9f0f6e-3a55-4b0c-9a4e-1f1d1c3c6b52';
  const keys = { 'public-key': 'pk_1', 'secret-key': 'sk_1' };
  for (const given of [
    `${uuid}\n${other} ${uuid.toUpperCase()}`,
    JSON.stringify([uuid, null, other, uuid]),
  ]) {
    const inputs = await readInputs(
      rememberingRunner({ ...keys, 'job-uuids': given }),
      cancelInputs,
    );
    expect(inputs['job-uuids']).toEqual([uuid, other]);
  }
});
