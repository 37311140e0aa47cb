import { describe, expect, test } from '@jest/globals';
import { quote, suggest } from '../../src/inputs/tree.ts';

describe('wording', () => {
  test.each([
    ['gpu_cont', '; did you mean gpu_count?'],
    ['GPU_COUNT', '; did you mean gpu_count?'],
    ['gpuname', '; did you mean gpu_name?'],
    ['tga', ''],
    ['xyz', ''],
    ['', ''],
  ])('%j suggests %j', (word, hint) => {
    expect(suggest(word, ['tag', 'gpu_name', 'gpu_count'])).toBe(hint);
  });

  test.each([
    ['a"b\n', '"a\\"b\\n"'],
    ['x'.repeat(60), `"${'x'.repeat(60)}"`],
    ['x'.repeat(61), `"${'x'.repeat(59)}…"`],
    ['夜'.repeat(61), `"${'夜'.repeat(59)}…"`],
    ['sk_live_123', 'a secret key'],
    ['key=sk_live_123', 'a secret key'],
    ['task_1', '"task_1"'],
  ])('%j is shown as %j', (given, shown) => {
    expect(quote(given)).toBe(shown);
  });
});
