import { describe, expect, test } from '@jest/globals';
import { readRecipeList, recipeEntries } from '../../src/inputs/recipes.ts';
import { read } from '../support/parse.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

describe('entries', () => {
  const other = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
  const pin = `sha256:${'ab'.repeat(32)}`;
  const pinned = [
    { uuid, pin },
    { uuid: other, pin, title: 'x' },
  ];
  const badPin = 'has a hash after @ that is not sha256: and 64 hex digits, as the log prints it';
  test.each<[string, unknown]>([
    [uuid, [{ uuid }]],
    [` ${uuid}\r\n\n${other} `, [{ uuid }, { uuid: other }]],
    [`["${uuid}"]`, [{ uuid }]],
    [`${uuid}@sha256:${'aB'.repeat(32)}`, [{ uuid, pin }]],
    [`- ${uuid}@${pin}\n- uuid: ${other}@${pin}\n  title: x`, pinned],
    [`${uuid}@sha256:abc`, `! ${badPin}`],
    [`${uuid}\n${uuid}@`, `[1]! ${badPin}`],
    [`- uuid: ${uuid}@${pin}0`, `[0].uuid! ${badPin}`],
    [`${uuid.slice(1)}@${pin}`, expect.stringMatching(/is not a UUID/)],
    [`# two\n- ${uuid}\n- uuid: ${other}\n  title: ''`, [{ uuid }, { uuid: other }]],
    [`---\n- ${uuid}`, [{ uuid }]],
    [`"${uuid}"`, [{ uuid }]],
    [`uuid: ${uuid}`, '! must be a list: start each entry with `- `, or put it into [ ]'],
    [
      `- {uuid: ${uuid}, gpu-count: 2, max-timeout-run: 2h, max_timeout_start_ms: 120000}`,
      [{ uuid, gpu_count: 2, max_timeout_run_ms: 7_200_000, max_timeout_start_ms: 120_000 }],
    ],
    [
      `- {uuid: ${uuid}, gpu-name: H100, allowed-region-codes: 'us-east-1, eu-west-1'}`,
      [{ uuid, gpu_name: ['H100'], allowed_region_codes: ['us-east-1', 'eu-west-1'] }],
    ],
    [
      `- {uuid: ${uuid}, gpu-count: 2, gpu_count: 2}`,
      '[0].gpu_count! is the same as gpu-count, which is set as well: choose one',
    ],
    [`- {uuid: ${uuid}, gpu-count: 2, gpu_count: ''}`, [{ uuid, gpu_count: 2 }]],
    [`- uuid: ''`, '[0].uuid! is missing: each entry needs the UUID of its recipe'],
    [
      `- uuid: ${uuid}\n  parameters: {parameters: {}, tag: a}`,
      expect.stringMatching(/^\[0\]\.par/),
    ],
  ])('%j', async (given, result) => {
    expect(read(recipeEntries, await readRecipeList(given))).toEqual(result);
  });
});
