import { describe, expect, test } from '@jest/globals';
import { readCookInputs } from '../../src/inputs/cook.ts';
import { readRecipes, regionCode, warnOfUnknownRegions } from '../../src/inputs/recipes.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { read } from '../support/parse.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

describe('entries', () => {
  const other = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
  const pin = `sha256:${'ab'.repeat(32)}`;
  const pinned = [
    { uuid, pin },
    { uuid: other, pin, title: 'x' },
  ];
  const badPin =
    'has an invalid hash after @: use sha256: and 64 hexadecimal digits, as printed in the log';
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
    [`uuid: ${uuid}`, '! must be a list: start each entry with `- `, or put the entries in [ ]'],
    [
      `- {uuid: ${uuid}, gpu-count: 2, max-timeout-run: 2h, max_timeout_start_ms: 120000}`,
      [{ uuid, gpu_count: 2, max_timeout_run_ms: 7_200_000, max_timeout_start_ms: 120_000 }],
    ],
    [
      `- {uuid: ${uuid}, gpu_name: [rtx 4090, H100, RTX 4090]}`,
      [{ uuid, gpu_name: ['RTX 4090', 'H100'] }],
    ],
    [
      `- {uuid: ${uuid}, gpu-name: H100, allowed-region-codes: 'us-east-1, eu-west-1'}`,
      [{ uuid, gpu_name: ['H100'], allowed_region_codes: ['us-east-1', 'eu-west-1'] }],
    ],
    [
      `- {uuid: ${uuid}, gpu-count: 2, gpu_count: 2}`,
      '[0].gpu_count! is the same field as gpu-count, which is also set: set only one of them',
    ],
    [`- {uuid: ${uuid}, gpu-count: 2, gpu_count: ''}`, [{ uuid, gpu_count: 2 }]],
    [`- uuid: ''`, '[0].uuid! is missing: each entry needs the UUID of its recipe'],
    [
      `- uuid: ${uuid}\n  parameters: {parameters: {}, tag: a}`,
      expect.stringMatching(/^\[0\]\.par/),
    ],
  ])('%j', (given, result) => {
    expect(read(readRecipes, given)).toEqual(result);
  });
});

test.each([
  ['EU-West-1', 'eu-west-1'],
  ['eu-west-9', 'eu-west-9'],
  ['us-gov-west-1', 'us-gov-west-1'],
  ['us-east', '! "us-east" is not a region code; did you mean us-east-1?'],
  ['mars', '! "mars" is not a region code; use a code such as eu-west-1 or us-east-2'],
  [`${'x'.repeat(40)}-y-1`, expect.stringMatching(/is not a region code/)],
])('%j', (given, result) => {
  expect(read(regionCode, given)).toEqual(result);
});

describe('regions that are not known', () => {
  function warningsOf(codes: readonly string[]): readonly string[] {
    const runner = rememberingRunner({});
    warnOfUnknownRegions(runner, [{}, { allowed_region_codes: codes }]);
    return runner.annotations.map(({ level, title, message }) => `${level} ${title}\n${message}`);
  }

  test('are named in one warning, each once, with the nearest known one', () => {
    const [warning, ...others] = warningsOf(['eu-west-9', 'us-east-1', 'eu-west-9', 'zz-moon-1']);
    expect(others).toEqual([]);
    expect(warning?.split('\n')).toEqual([
      'warning Unknown region codes',
      expect.stringContaining('sends them unchanged'),
      'eu-west-9; did you mean eu-west-1?',
      'zz-moon-1',
    ]);
  });

  test('are no concern where there are none', () => {
    expect(warningsOf(['us-east-1', 'ap-southeast-7'])).toEqual([]);
  });

  test('are at most as many as the service accepts', () => {
    const codes = Array.from({ length: 37 }, (_, index) => `aa-bb-${index}`);
    const list = JSON.stringify([{ uuid, allowed_region_codes: [...codes, ...codes] }]);
    expect(read(readRecipes, list)).toBe('[0].allowed_region_codes! has more than 36 values');
  });

  test('are warned of when the inputs are read, also in an entry', () => {
    const runner = rememberingRunner({
      recipes: JSON.stringify([{ uuid, allowed_region_codes: ['eu-west-8'] }]),
      'public-key': 'pk_1',
      'secret-key': 'sk_1',
      'allowed-region-codes': 'us-east-9',
    });
    const inputs = readCookInputs(runner);
    expect(inputs.fields.allowed_region_codes).toEqual(['us-east-9']);
    expect(runner.annotations.map(({ message }) => message.match(/^\w+-\w+-\d(?=;)/gm))).toEqual([
      ['us-east-9', 'eu-west-8'],
    ]);
  });
});
