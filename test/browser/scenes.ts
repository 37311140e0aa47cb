import type { Outcome, StopReason } from '../../src/jobs/records.ts';
import type { Result } from '../../src/jobs/results.ts';
import { fakeOutcome, fakeRun, inOrder, uuidNumber } from '../support/outcomes.ts';

const traceback = [
  'Loading checkpoint',
  'Traceback (most recent call last):',
  '  File "/app/train.py", line 88, in <module>',
  '    loss = step(model, batch)',
  '           ^^^^^^^^^^^^^^^^^^',
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB.',
];

const oneJob = [
  fakeOutcome({ results: { frames: 240, psnr_db: 41.7, output: 's3://renders/nightly/0601' } }),
];

const failedJob = [
  fakeOutcome(
    {
      result: 'failed',
      logTail: traceback,
      runs: [
        fakeRun({ status: 'FAILED' }, { started: 95, ended: 190 }),
        fakeRun({ status: 'FAILED' }, { started: 260, ended: 412 }),
      ],
    },
    {
      title: 'Train the small model',
      status: 'FAILED',
      status_reason: 'Container exited with code 1',
      max_retry_count: 1,
    },
  ),
];

const kinds: readonly (readonly [Result, string, string | null])[] = [
  ['succeeded', 'COMPLETED', null],
  ['succeeded', 'COMPLETED', null],
  ['failed', 'FAILED', 'Container exited with code 1'],
  ['succeeded', 'COMPLETED', null],
  ['timed-out', 'CANCELLED', 'GitHub Actions: the timeout was reached'],
  ['succeeded', 'COMPLETED', null],
];

// The table shows no more of a UUID than its start.
const uuidStarts = ['0198ac1c', '4b7e90d3', '9d02f6a8', 'c65e173b'];

function mixed(index: number): Outcome {
  const [result, status, reason] = kinds[index % kinds.length] ?? ['succeeded', 'COMPLETED', null];
  const pace = {
    assigned: 61 + index * 17,
    started: 140 + index * 24,
    ended: 480 + (index % 5) * 75,
  };
  return fakeOutcome(
    {
      result,
      logTail: result === 'failed' ? traceback : [],
      runs: [fakeRun({}, pace)],
      results: result === 'succeeded' ? { accuracy: (81 + index) / 100, epochs: 12 } : null,
    },
    {
      uuid: uuidNumber(index + 1).replace('0198ac1c', uuidStarts[index % 4] ?? ''),
      title: `Train, learning rate ${(index + 1) / 1000}`,
      status,
      status_reason: reason,
    },
    pace,
  );
}

const twelveJobs = Array.from({ length: 12 }, (_, index) => mixed(index));

const sixtyJobs = Array.from({ length: 60 }, (_, index) => {
  const isBad = index % 20 === 7;
  const pace = { assigned: 40 + index, started: 90 + 2 * index, ended: 300 + 5 * index };
  return fakeOutcome(
    {
      result: isBad ? 'failed' : 'succeeded',
      logTail: isBad ? traceback : [],
      results: isBad ? null : { accuracy: 0.812_345_6 + index / 1e3 },
    },
    {
      uuid: uuidNumber(index + 1),
      title: `Shard ${index + 1} of 60`,
      status: isBad ? 'FAILED' : 'COMPLETED',
      status_reason: isBad ? 'Container exited with code 1' : null,
    },
    pace,
  );
});

const hour = 3_600;
const longJob = [
  fakeOutcome(
    { runs: [fakeRun({}, { started: 2 * hour, ended: 14.5 * hour })] },
    { title: 'Train for half a day', max_timeout_run_ms: 50_400_000 },
    { assigned: 1.5 * hour, started: 2 * hour, ended: 14.5 * hour },
  ),
];

const ends: readonly (readonly [Result, string])[] = [
  ['succeeded', 'COMPLETED'],
  ['failed', 'FAILED'],
  ['timed-out', 'CANCELLED'],
  ['cancelled', 'CANCELLED'],
  ['error', 'RUNNING'],
  ['detached', 'RUNNING'],
];

const endings: Partial<Record<Result, StopReason>> = {
  'timed-out': 'timeout',
  error: 'lost',
  detached: 'timeout',
};

// One of each result, left running ones among them.
const everyEnd = ends.map(([result, status], index) => {
  const pace = { assigned: 60, started: 100 + 20 * index, ended: 500 + 30 * index };
  const isOver = status !== 'RUNNING';
  const times = isOver ? pace : { assigned: pace.assigned, started: pace.started };
  return fakeOutcome(
    {
      result,
      isKept: result === 'detached',
      ending: endings[result] ?? 'final',
      cancel: result === 'timed-out' ? 'accepted' : null,
      error: result === 'error' ? new Error('the service does not tell of it any more') : null,
      runs: [fakeRun({ status }, times)],
    },
    { uuid: uuidNumber(index + 1), title: `Ends as ${result}`, status },
    times,
  );
});

// The picture in the README.
const fourJobs = twelveJobs.slice(0, 4);

const ssh = {
  description: 'ssh',
  hostname: 'node-1.example.net',
  port: 30_022,
  protocol: 'ssh',
  tls: null,
};
const web = {
  description: '8080',
  hostname: 'node-1.example.net',
  port: 30_080,
  protocol: 'tcp',
  tls: true,
};

const server = [
  fakeOutcome(
    {
      result: 'running',
      ending: 'running',
      runs: [fakeRun({ status: 'RUNNING', node_urls: [ssh, web] }, { started: 95 })],
    },
    { title: 'Inference server', max_timeout_run_ms: null, status: 'RUNNING', task: 'PERSISTENT' },
    { assigned: 42, started: 95 },
  ),
];

// A machine for the steps that follow, which stops with the workflow job.
export const gpuSteps = [
  fakeOutcome(
    {
      result: 'running',
      ending: 'running',
      runs: [fakeRun({ status: 'RUNNING', node_urls: [ssh] }, { started: 95 })],
    },
    { title: 'Fine-tune on this commit', status: 'RUNNING', task: 'PERSISTENT' },
    { assigned: 42, started: 95 },
  ),
];

const attack = [
  '<script>alert(1)</script><img src="https://evil.example/x.png" onerror="alert(2)">',
  '![x](https://evil.example/y.png) [click](javascript:alert(3)) https://evil.example www.evil.example',
  '</pre></details></td></table><iframe src="https://evil.example"></iframe>',
  '```\n\n# big\n\n| a | b |\n|---|---|\n| 1 | 2 |\n',
  '"]; click a href "https://evil.example"; %%{init: {"theme":"dark"}}%% :crit, 2000-01-01, 1d # ; <b>',
].join(' ');

const hostile = ['__proto__', 'section x\ngantt\n  click a call alert(1)', attack].map(
  (text, index) =>
    fakeOutcome(
      {
        result: 'failed',
        logTail: attack.split(' '),
        results: { [attack]: attack, ['__proto__']: { [attack]: attack } },
        runs: [
          fakeRun(
            {
              node_urls: [
                { description: attack, hostname: attack, port: 1, protocol: attack, tls: true },
                {
                  description: 'ssh',
                  hostname: '-oProxyCommand=evil',
                  port: 22,
                  protocol: 'ssh',
                  tls: null,
                },
              ],
            },
            { started: 95, ended: 412 },
          ),
        ],
      },
      {
        uuid: uuidNumber(index + 1),
        title: text,
        status: attack,
        status_reason: attack,
        gpu_name: attack,
      },
    ),
);

/** What a summary may have to show. */
export const scenes: Readonly<Record<string, readonly Outcome[]>> = {
  'one-job': inOrder(oneJob),
  'failed-job': inOrder(failedJob),
  'twelve-jobs': inOrder(twelveJobs),
  'four-jobs': inOrder(fourJobs),
  'sixty-jobs': inOrder(sixtyJobs),
  'long-job': inOrder(longJob),
  'every-end': inOrder(everyEnd),
  'persistent-job': inOrder(server),
  'hostile-text': inOrder(hostile),
};
