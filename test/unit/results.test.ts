import { describe, expect, test } from '@jest/globals';
import { passes, results, sortByResult, type Result } from '../../src/jobs/results.ts';
import { createRunResults } from '../../src/logs/results.ts';

function collect(...lines: readonly string[]) {
  const reported = createRunResults();
  reported.take(lines.join('\n'));
  return { all: reported.all(), bad: reported.problems() };
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

  test('is taken from each text of the log, whatever was rewritten', () => {
    const reported = createRunResults();
    reported.take('dispersed-output: {"a": 1, "b": 1}\ndispersed-output: {"c": ');
    expect(reported.problems()).toEqual(['“{"c":” is not a JSON object of at most 1 MB']);
    reported.take('dispersed-output: {"a": 2}\r\ndispersed-output: {"c": 3}\r99%');
    expect(reported.problems()).toEqual([]);
    reported.take('nothing');
    expect(reported.all()).toEqual({ a: 2, b: 1, c: 3 });
  });

  test('may be colored', () => {
    const { all, bad } = collect('\u001b[1;32mdispersed-output: {"a": 0.93}\u001b[0m', 'done');
    expect([all, bad]).toEqual([{ a: 0.93 }, []]);
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
    'is of no use as %p, and that is said',
    (json) => {
      const { all, bad } = collect(`dispersed-output: ${json}`);
      expect(all).toBeNull();
      expect(bad).toEqual([`“${json.slice(0, 60)}” is not a JSON object of at most 1 MB`]);
    },
  );

  test.each([
    ['an integer beyond 2^53', '{"id":9007199254740993}'],
    ['a number beyond all', '{"loss":1e400,"more":-1E+999}'],
    ['digits that a double has not', '{"p":0.12345678901234567890}'],
    ['zeros, signs and exponents', '{"a":1.0,"b":1.50,"c":-0,"d":1e-7,"e":2E3}'],
    ['numbers inside', '{"list":[1e400,{"a":9007199254740993}]}'],
  ])('keeps numbers as they were written: %s', (_, json) => {
    expect(JSON.stringify(collect(`dispersed-output: ${json}`).all)).toBe(json);
  });

  test('has numbers that are numbers, where JavaScript writes them the same', () => {
    expect(collect('dispersed-output: {"a": 0.93, "b": 10}').all).toEqual({ a: 0.93, b: 10 });
  });

  test('is bounded; what no longer fits is left out by name, the rest is kept', () => {
    const large = (key: string) => `dispersed-output: {"${key}":"${'é'.repeat(30_000)}"}`;
    const { all, bad } = collect(large('a'), large('b'), 'dispersed-output: {"c":1}', large('a'));
    expect(Object.keys(all ?? {})).toEqual(['a', 'c']);
    expect(bad).toEqual(['“b” exceeds the limit of 100 KB for the results of a job']);
  });

  test('that is too large is named, though the log has moved on', () => {
    const reported = createRunResults();
    reported.take(`dispersed-output: {"history":"${'x'.repeat(100_000)}"}\n`);
    reported.take('the next window\n');
    expect(reported.problems()).toEqual([
      '“history” exceeds the limit of 100 KB for the results of a job',
    ]);
  });

  test('on a line of megabytes is named by how it begins', () => {
    const { bad } = collect(`dispersed-output: {"history":"${'x'.repeat(1_000_000)}"}`);
    expect(bad).toEqual([`“{"history":"${'x'.repeat(48)}” is not a JSON object of at most 1 MB`]);
  });
});

describe('the results of jobs', () => {
  test('are compared by what is worst for who waits', () => {
    const worstFirst: readonly Result[] = [
      'error',
      'failed',
      'over-budget',
      'timed-out',
      'cancelled',
      'detached',
      'running',
      'submitted',
      'succeeded',
      'dry-run',
    ];
    const all = (Object.keys(results).toReversed() as Result[]).map((result) => ({ result }));
    expect(sortByResult(all).map(({ result }) => result)).toEqual(worstFirst);
  });

  test.each([
    ['error', false, 'error'],
    ['failed', false, 'failure'],
    ['over-budget', false, 'failure'],
    ['timed-out', false, 'error'],
    ['cancelled', false, 'error'],
    ['detached', true, 'pending'],
    ['running', true, 'pending'],
    ['submitted', true, 'pending'],
    ['succeeded', true, 'success'],
    ['dry-run', true, 'success'],
  ] as const)('%s passes: %p, and its commit status is %s', (result, isGood, state) => {
    expect(passes(result)).toBe(isGood);
    expect(results[result].state).toBe(state);
  });
});
