import { describe, expect, test } from '@jest/globals';
import { createContainerResults } from '../../src/logs/results.ts';

function collect(...lines: readonly string[]) {
  const bad: string[] = [];
  const results = createContainerResults((why) => bad.push(why));
  for (const text of lines) results.take({ text, left: 0 }, 1);
  return { all: results.all(), bad };
}

describe('what a container reports', () => {
  test('is merged, the last one of a key', () => {
    const { all, bad } = collect(
      'dispersed-output: {"accuracy": 0.5, "steps": 10}',
      'epoch 2',
      '  dispersed-output:{"accuracy": 0.93}',
    );
    expect(all).toEqual({ accuracy: 0.93, steps: 10 });
    expect(bad).toEqual([]);
  });

  test('of an older run never takes the place of a newer one’s, however late it comes', () => {
    const results = createContainerResults(() => {});
    const take = (json: string, runNumber: number) => {
      results.take({ text: `dispersed-output: ${json}`, left: 0 }, runNumber);
    };
    take('{"accuracy": 0.1, "old": 1}', 1);
    take('{"accuracy": 0.9}', 2);
    take('{"accuracy": 0.2, "late": 1}', 1);
    expect(results.all()).toEqual({ accuracy: 0.9, old: 1, late: 1 });
  });

  test('is null where there is nothing', () => {
    expect(collect('see dispersed-output: {"a": 1}', 'dispersed-output').all).toBeNull();
  });

  test('is data, whatever it is called', () => {
    const { all } = collect('dispersed-output: {"__proto__": {"a": 1}, "constructor": null}');
    expect(JSON.stringify(all)).toBe('{"__proto__":{"a":1},"constructor":null}');
    expect(Object.getPrototypeOf(all)).toBe(Object.prototype);
  });

  test.each(['', '{', '[]', 'null', '5', '"text"', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`])(
    'is of no use as %p',
    (json) => {
      const { all, bad } = collect(`dispersed-output: ${json}`);
      expect(all).toBeNull();
      expect(bad).toEqual(['what follows is not a JSON object']);
    },
  );

  test('is bounded; what no longer fits is left out, the rest is kept', () => {
    const large = (key: string) => `dispersed-output: {"${key}":"${'x'.repeat(60_000)}"}`;
    const { all, bad } = collect(large('a'), large('b'), 'dispersed-output: {"c":1}', large('a'));
    expect(Object.keys(all ?? {})).toEqual(['a', 'c']);
    expect(bad).toEqual(['its results have more than 100 KB in all']);
  });
});
