import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { JsonMapping } from '../../src/service/sign.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { writeOutputs, writeRunOutputs } from '../../src/report/outputs.ts';
import { fakeOutcome, fakeRun, uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

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
  expect(text.length).toBeLessThan(200_100);
  expect(Object.keys(JSON.parse(text) as object)).toEqual(names.slice(0, 2));
  expect(annotations.map(({ title }) => title)).toEqual(['The output results is incomplete']);
});

interface Many {
  readonly reason?: string;
  readonly title?: string;
  readonly ports?: number;
  readonly results?: JsonMapping;
}

/** All outputs of a step with so many jobs, and how long they are together. */
function writeMany(
  count: number,
  { reason = 'no', title = 't', ports = 0, results }: Many,
  runner = rememberingRunner({}),
) {
  const address = { description: '80', hostname: `${'n'.repeat(60)}.example`, protocol: 'tcp' };
  const urls = Array.from({ length: ports }, (_, port) => ({
    ...address,
    tls: true,
    port: port + 1,
  }));
  writeOutputs(
    runner,
    Array.from({ length: count }, (_, index) =>
      fakeOutcome(
        {
          results: results ?? null,
          runs: [fakeRun({ status: 'RUNNING', node_urls: urls }, { started: 5 })],
        },
        { uuid: uuidNumber(index + 1), title, status: 'RUNNING', status_reason: reason },
        { started: 5 },
      ),
    ),
  );
  const length = [...runner.outputs.values()].reduce((sum, text) => sum + text.length, 0);
  const jobs = JSON.parse(runner.outputs.get('jobs') ?? '') as readonly object[];
  return { outputs: runner.outputs, length, jobs };
}

test('a few jobs are whole, and have no file', () => {
  const { outputs, jobs } = writeMany(20, { reason: 'x'.repeat(5_000), ports: 3 });
  expect(outputs.has('jobs-path')).toBe(false);
  expect(jobs[0]).toMatchObject({ status_reason: 'x'.repeat(5_000), completed_at: null });
});

// With so many jobs that the list is just too long without what is left out.
test.each<[string, number, Many, readonly string[], number]>([
  ['reasons are shortened first', 380, { reason: 'x '.repeat(500) }, ['completed_at'], 200],
  ['then what is empty is left out', 700, { reason: 'x'.repeat(200) }, ['created_at'], 200],
  ['then UUID, status and result are left', 1_000, { title: 'y'.repeat(2_000) }, ['job_uuid'], 0],
])('with many jobs %s, and the full list is in a file', (_, count, many, keys, reason) => {
  const { outputs, length, jobs } = writeMany(count, { title: 'y'.repeat(60), ...many });
  expect(length).toBeLessThan(450_000);
  expect(jobs).toHaveLength(count);
  const known = Object.keys(jobs[0] ?? {});
  expect(known).toEqual(expect.arrayContaining([...keys]));
  expect(known.includes('completed_at')).toBe(count === 380);
  expect(known.includes('title')).toBe(count < 1_000);
  expect(JSON.stringify(jobs[0]).match(/x[x ]+…?/)?.[0].length ?? 0).toBe(reason);
  const full = JSON.parse(
    readFileSync(outputs.get('jobs-path') ?? '', 'utf8'),
  ) as readonly object[];
  expect(full[0]).toMatchObject({ status_reason: many.reason ?? 'no', completed_at: null });
});

test('whatever a thousand jobs bring, the outputs are within the bound', () => {
  const text = 'ä"😀'.repeat(1_000);
  const results = { text: 'x'.repeat(90_000) };
  const { length, jobs } = writeMany(1_000, { reason: text, title: text, ports: 40, results });
  expect(length).toBeLessThan(450_000);
  expect(jobs).toHaveLength(1_000);
});

test('a folder that cannot be written to costs the full list, not the outputs', () => {
  const runner = rememberingRunner({}, new Map(), { RUNNER_TEMP: '/dev/null' });
  const { outputs, jobs } = writeMany(1_000, { title: 'y'.repeat(2_000) }, runner);
  expect(jobs).toHaveLength(1_000);
  expect(outputs.has('jobs-path')).toBe(false);
  expect(runner.annotations.map(({ title }) => title)).toEqual([
    'The full list of jobs could not be saved',
  ]);
});
