import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { version } from '../../src/version.ts';
import { startApp } from '../simulator/app.ts';
import type { Fault, Phase, RecipeScript } from '../simulator/types.ts';
import { play, type Play, type Played } from './play.ts';

// Fifteen typical failures, each as a person meets it: the log, the annotations and the summary, one
// after the other in __snapshots__/failures.test.ts.snap. Read them in a row after each change.

const folder = mkdtempSync(join(tmpdir(), 'failures-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

const failing = (...life: readonly Phase[]): RecipeScript => ({
  uuid,
  name: 'Nightly render',
  payload: { max_timeout_run_ms: 60_000, gpu_count: 1, gpu_name: 'RTX 4090' },
  life,
});
const fails = (statusReason: string): Phase => ({ status: 'FAILED', statusReason });
const queued = { status: 'PENDING', forMs: 20_000 };
const starting = { status: 'ASSIGNED', forMs: 40_000 };
const healthy = failing(queued, { status: 'COMPLETED' });

const lines = [
  'Loading scene',
  'Traceback (most recent call last):',
  'OSError: scene.blend missing',
];
const printing = lines.map((text, index) => ({ atMs: 2_000 * index, text: `${text}\n` }));

const refused = (status: number, message: string, method = 'POST'): Play => ({
  recipes: [healthy],
  simulator: {
    faults: [{ method, kind: { type: 'status', status, body: { error: { message } } } }],
  },
});

const expired: readonly Fault[] = ['/v1/jobs/*', '/v1/jobs/*/cancel', '/v1/job-runs'].map(
  (path) => ({
    path,
    nth: path === '/v1/jobs/*' ? 3 : 1,
    times: 1_000,
    kind: { type: 'status', status: 401, body: { error: { message: 'Invalid signature' } } },
  }),
);

const app = await startApp({ notReadyFor: Infinity });
afterAll(async () => app.close());

const fork = join(folder, 'event.json');
writeFileSync(fork, JSON.stringify({ pull_request: { head: { repo: { fork: true } } } }));

const scenes: Readonly<Record<string, Play>> = {
  'no machine': { recipes: [failing({ ...queued, forMs: 240_000 }, fails('No node was found'))] },
  pull: { recipes: [failing(queued, starting, fails('Image pull failed: manifest unknown'))] },
  'run limit': {
    recipes: [failing(queued, starting, { status: 'RUNNING', forMs: 60_000 }, fails('Stopped'))],
  },
  'exit code': {
    recipes: [
      failing(
        queued,
        starting,
        { status: 'RUNNING', forMs: 30_000, log: printing },
        fails('Container exited with code 1'),
      ),
    ],
  },
  'killed for memory': {
    recipes: [
      failing(
        queued,
        starting,
        { status: 'RUNNING', forMs: 30_000 },
        fails('Exit code: 137 (OOMKilled)'),
      ),
    ],
  },
  'a time-out of its own': {
    recipes: [
      failing(queued, starting, { status: 'RUNNING', forMs: 4_000 }, fails('Request timed out')),
    ],
  },
  'several models': {
    recipes: [failing({ ...queued, forMs: 240_000 }, fails('No node was found'))],
    inputs: { 'gpu-name': 'RTX 4090\nH100' },
  },
  'a server that is never ready': {
    recipes: [
      {
        ...failing(queued, {
          status: 'RUNNING',
          nodeUrls: [app.nodeUrl],
          log: [{ atMs: 0, text: 'bind: address already in use\n' }],
        }),
        payload: {
          task: 'PERSISTENT',
          parameters: { type: 'docker', parameters: { image: 'server', ports: [22, 8080] } },
        },
      },
    ],
    inputs: { 'ready-check': '8080/health', timeout: '2m' },
  },
  'a key that expires': {
    recipes: [failing(queued, { status: 'RUNNING' })],
    simulator: { faults: expired },
  },
  '401': { recipes: [healthy], inputs: { 'secret-key': 'sk_wrong_0123456789' } },
  '402': refused(402, 'Insufficient balance'),
  '404': { recipes: [healthy], inputs: { recipes: uuid.replace('01a0', '02b0') } },
  '422': refused(422, 'gpu_name: no such GPU'),
  'unreachable host': { recipes: [healthy], inputs: { 'api-url': 'http://127.0.0.1:9' } },
  'fork without secrets': {
    recipes: [healthy],
    inputs: { 'public-key': '', 'secret-key': '' },
    env: { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: fork },
  },
};

/** What a person reads, with what differs from run to run made the same. */
function seen({ main }: Played): readonly string[] {
  const [job = 'none'] = JSON.parse(main.outputs.get('job-uuids') ?? '[]') as (string | null)[];
  const errors = main.annotations.map(
    ({ level, title, message }) => `${level}: ${title}\n${message}`,
  );
  const text = ['LOG', ...main.lines, 'ANNOTATIONS', ...errors, 'SUMMARY', main.summary()].join(
    '\n',
  );
  return (
    text
      .replaceAll(job ?? 'none', 'JOB')
      .replaceAll(`<samp>${job?.slice(0, 8)}</samp>`, '<samp>JOB</samp>')
      .replaceAll(/\b(?!0[12][ab]0)[0-9a-f]{8}-[0-9a-f-]{27}\b/g, 'ANOTHER')
      .replaceAll(/127\.0\.0\.1:\d{4,}/g, 'HOST')
      .replaceAll(version, 'VERSION')
      // In Jest, Node's own errors are no instances of Error.
      .replaceAll('Error: connect ', 'connect ')
      .replaceAll(/cook-[0-9a-f]{32}-[0-9a-f]{16}/g, 'cook-MARK')
      .replaceAll(/^(?:\d+:)?\d\d:\d\d(?= {2})/gm, '<time>')
      .replaceAll(/\b\d+[smh](?:[ \u00a0]\d\d[sm])?\b/g, '<time>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, '<instant>')
      .split('\n')
      // The offers are read beside the cook: one that fails at once may be told of before them.
      .filter((line) => !/^\d+ offers? match|>Offers</.test(line))
  );
}

test.each(Object.entries(scenes))('%s', async (_, scene) => {
  const played = await play({ withPost: false, ...scene });
  expect(played.main.failed()).toBe(true);
  expect(seen(played)).toMatchSnapshot();
});
