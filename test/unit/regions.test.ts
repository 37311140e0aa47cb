import { describe, expect, test } from '@jest/globals';
import { readCookInputs } from '../../src/inputs/cook.ts';
import { readRecipeList, recipeEntries } from '../../src/inputs/recipes.ts';
import { regionCode, warnOfUnknownRegions } from '../../src/inputs/regions.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { read } from '../support/parse.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

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
      'warning An unknown region',
      expect.stringContaining('sends them as they are'),
      'eu-west-9; did you mean eu-west-1?',
      'zz-moon-1',
    ]);
  });

  test('are no concern where there are none', () => {
    expect(warningsOf(['us-east-1', 'ap-southeast-7'])).toEqual([]);
  });

  test('are at most as many as the service accepts', async () => {
    const codes = Array.from({ length: 37 }, (_, index) => `aa-bb-${index}`);
    const list = JSON.stringify([{ uuid, allowed_region_codes: [...codes, ...codes] }]);
    expect(read(recipeEntries, await readRecipeList(list))).toBe(
      '[0].allowed_region_codes! has more than 36 regions',
    );
  });

  test('are warned of when the inputs are read, also in an entry', async () => {
    const runner = rememberingRunner({
      recipes: JSON.stringify([{ uuid, allowed_region_codes: ['eu-west-8'] }]),
      'public-key': 'pk_1',
      'secret-key': 'sk_1',
      'allowed-region-codes': 'us-east-9',
    });
    const inputs = await readCookInputs(runner);
    expect(inputs.fields.allowed_region_codes).toEqual(['us-east-9']);
    expect(runner.annotations.map(({ message }) => message.match(/^\w+-\w+-\d(?=;)/gm))).toEqual([
      ['us-east-9', 'eu-west-8'],
    ]);
  });
});
