import { expect, test } from '@jest/globals';
import type { JsonMapping } from '../../src/api/sign.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { writeRunOutputs } from '../../src/report/outputs.ts';
import { fakeOutcome } from '../support/outcomes.ts';
import { rememberingRunner } from '../support/runner.ts';

const outcome = (name: string, results: JsonMapping | null): Outcome =>
  fakeOutcome({
    job: null,
    ref: { ...fakeOutcome().ref, jobUuid: name },
    results,
    runs: [],
  });

function write(...outcomes: readonly Outcome[]) {
  const runner = rememberingRunner({});
  writeRunOutputs(runner, outcomes);
  return runner;
}

test('results of one job are its object, also where a key is odd', () => {
  const results = JSON.parse('{"__proto__": 1, "a": [2]}') as JsonMapping;
  expect(write(outcome('a', results)).outputs.get('results')).toBe('{"__proto__":1,"a":[2]}');
});

test('results of several jobs are by job, without those that have none', () => {
  const { outputs } = write(outcome('a', { n: 1 }), outcome('b', null), outcome('c', { n: 3 }));
  expect(outputs.get('results')).toBe('{"a":{"n":1},"c":{"n":3}}');
});

test('where there is nothing, nothing is said', () => {
  expect([...write(outcome('a', null)).outputs]).toEqual([]);
});

test('results that do not fit are left out with one warning, whole jobs at a time', () => {
  const large = { text: 'x'.repeat(90_000) };
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const { outputs, annotations } = write(...names.map((name) => outcome(name, large)));
  const text = outputs.get('results') ?? '';
  expect(text.length).toBeLessThan(500_100);
  expect(Object.keys(JSON.parse(text) as object)).toEqual(names.slice(0, 5));
  expect(annotations.map(({ title }) => title)).toEqual(['The output results is incomplete']);
});
