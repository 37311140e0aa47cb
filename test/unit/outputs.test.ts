import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { JsonMapping } from '../../src/service/json.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { createEarlyOutputs, writeOutputs } from '../../src/report/outputs.ts';
import { fakeJob, fakeOutcome, fakeRun, uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

function write(...outcomes: readonly Outcome[]): ReadonlyMap<string, string> {
  const runner = rememberingRunner({});
  writeOutputs(runner, outcomes, 'done');
  return runner.outputs;
}

const parse = (text = '') => JSON.parse(text) as unknown;

test('what is JSON is JSON where nothing was done', () => {
  const runner = rememberingRunner({});
  writeOutputs(runner);
  const { outputs } = runner;
  const json = ['jobs', 'job-uuids', 'node-urls', 'results'].map((name) => outputs.get(name));
  expect(json).toEqual(['[]', '[]', '[]', '{}']);
  expect(readFileSync(outputs.get('jobs-path') ?? '', 'utf8')).toBe('[]');
  expect(outputs.get('result')).toBe('error');
  expect(outputs.get('message')).not.toBe('');
});

test('results are those of the first job, whatever the number of jobs, and each job has its own', () => {
  const results = JSON.parse('{"__proto__": 1, "a": [2]}') as JsonMapping;
  const [first, second, third] = [results, null, { n: 3 }].map((own) =>
    fakeOutcome({ results: own }),
  );
  if (first === undefined || second === undefined || third === undefined) throw new Error();
  expect(write(first).get('results')).toBe('{"__proto__":1,"a":[2]}');
  const outputs = write(second, first, third);
  expect(outputs.get('results')).toBe('{}');
  const jobs = parse(outputs.get('jobs')) as readonly { results: unknown }[];
  expect(jobs.map((job) => JSON.stringify(job.results))).toEqual([
    '{}',
    '{"__proto__":1,"a":[2]}',
    '{"n":3}',
  ]);
});

test('a job has the fields of the contract, in its order', () => {
  const [job] = parse(write(fakeOutcome()).get('jobs')) as readonly object[];
  expect(Object.keys(job ?? {}).join(', ')).toBe(
    'recipe_uuid, job_uuid, title, status, result, status_reason, created_at, started_at, completed_at, queue_seconds, run_seconds, gpu_name, attempts, hourly_rate_usd, cost_usd, cost_is, node_urls, results',
  );
  expect(job).toMatchObject({ gpu_name: 'RTX 4090', results: {} });
});

test('the status is that of the worst job, which may have none', () => {
  const error = { result: 'error', job: null, error: new Error('payment required') } as const;
  const outputs = write(fakeOutcome(), fakeOutcome(error));
  expect([outputs.get('result'), outputs.get('status')]).toEqual(['error', '']);
});

test('the url is that of the first job, or none', () => {
  const address = { description: '8080', hostname: 'a.example.com', port: 1, protocol: null };
  const runs = [fakeRun({ status: 'RUNNING', node_urls: [{ ...address, tls: null }] })];
  const server = fakeOutcome({ result: 'running', runs }, { status: 'RUNNING' });
  const failed = fakeOutcome({ result: 'failed' }, { status: 'FAILED' });
  expect(write(server, failed).get('url')).toBe('http://a.example.com:1');
  expect(write(failed, server).has('url')).toBe(false);
  expect(write(failed, server).get('node-urls')).toContain('a.example.com');
});

test('the outputs of a job are there as soon as it is, in case the process is killed', () => {
  const runner = rememberingRunner({});
  const refs = [0, 1].map((index) => ({ ...fakeOutcome().ref, index }));
  const onSubmitted = createEarlyOutputs(runner, refs);
  const [, ref = fakeOutcome().ref] = refs;
  onSubmitted({ ref, origin: 'cooked', job: fakeJob({ status: 'PENDING' }), submittedAtMs: 0 });
  expect(parse(runner.outputs.get('job-uuids'))).toEqual([null, uuidNumber(1)]);
  expect(runner.outputs.get('result')).toBe('error');
  const file = readFileSync(runner.outputs.get('jobs-path') ?? '', 'utf8');
  expect(file).toBe(runner.outputs.get('jobs'));
});

interface Many {
  readonly reason?: string;
  readonly title?: string;
  readonly status?: string;
  readonly ports?: number;
  readonly results?: JsonMapping;
}

/** All outputs of a step with so many jobs, and how long they are together. */
function writeMany(
  count: number,
  { reason = 'no', title = 't', status = 'RUNNING', ports = 0, results }: Many,
  runner = rememberingRunner({}),
) {
  const address = { description: '80', hostname: `${'n'.repeat(60)}.example`, protocol: 'tcp' };
  const urls = Array.from({ length: ports }, (_, port) => ({
    ...address,
    tls: true,
    port: port + 1,
  }));
  const outcomes = Array.from({ length: count }, (_, index) =>
    fakeOutcome(
      {
        results: results ?? null,
        runs: [fakeRun({ status: 'RUNNING', node_urls: urls }, { started: 5 })],
      },
      { uuid: uuidNumber(index + 1), title, status, status_reason: reason },
      { started: 5 },
    ),
  );
  writeOutputs(runner, outcomes, 'x'.repeat(5_000));
  const { outputs } = runner;
  const length = [...outputs.values()].reduce((sum, text) => sum + text.length, 0);
  const jobs = parse(outputs.get('jobs')) as readonly object[];
  return { outputs, length, jobs };
}

const fileOf = (outputs: ReadonlyMap<string, string>) =>
  readFileSync(outputs.get('jobs-path') ?? '', 'utf8');

test('a list of up to 100 KB is whole, and the file has the same', () => {
  const { outputs, jobs } = writeMany(20, { reason: 'x'.repeat(4_000) });
  expect(jobs[0]).toMatchObject({ status_reason: 'x'.repeat(4_000), completed_at: null });
  expect(fileOf(outputs)).toBe(outputs.get('jobs'));
});

test('a longer one has UUID, title, status and result, and the file has all of it', () => {
  const { outputs, jobs } = writeMany(300, { title: 'äß '.repeat(70) });
  expect(jobs).toHaveLength(300);
  expect(jobs[0]).toEqual({
    job_uuid: uuidNumber(1),
    title: expect.stringMatching(/^.{1,59}…$/),
    status: 'RUNNING',
    result: 'succeeded',
  });
  // What Linux takes as an environment variable.
  expect(Buffer.byteLength(outputs.get('jobs') ?? '')).toBeLessThan(131_072);
  const full = parse(fileOf(outputs)) as readonly object[];
  expect(full[0]).toMatchObject({
    title: 'äß '.repeat(70),
    status_reason: 'no',
    completed_at: null,
  });
});

test('whatever a thousand jobs bring, the outputs are within half of what a workflow job may have', () => {
  const text = 'ä"😀'.repeat(1_000);
  const results = { text: 'x'.repeat(90_000) };
  const many = { reason: text, title: text, status: text, ports: 40, results };
  const { length, jobs } = writeMany(1_000, many);
  expect(length).toBeLessThan(500_000);
  expect(jobs).toHaveLength(1_000);
});

test('a folder that cannot be written to costs the file, not the outputs', () => {
  const runner = rememberingRunner({}, new Map(), { RUNNER_TEMP: '/dev/null' });
  const { outputs, jobs } = writeMany(3, {}, runner);
  expect(jobs).toHaveLength(3);
  expect(outputs.has('jobs-path')).toBe(false);
  expect(runner.annotations.map(({ level, title }) => [level, title])).toEqual([
    ['warning', 'The file of the output jobs-path could not be written'],
  ]);
});
