import { describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import { fastClock } from '../support/deps.ts';
import { completing, play, speed } from './play.ts';
import type { Played } from './play.ts';

const errorsOf = ({ main }: Played) => main.annotations.filter(({ level }) => level === 'error');
const warningsOf = ({ main }: Played) =>
  main.annotations.filter(({ level }) => level === 'warning');
const requestsTo = ({ simulator }: Played, method: string) =>
  simulator.requests.filter((each) => each.method === method);
const resultOf = ({ main }: Played) => main.outputs.get('result');

describe('transient errors are retried', () => {
  test.concurrent(
    'a service that is away for minutes does not end the wait, and is spoken of twice',
    async () => {
      const played = await play({
        during: async (simulator) => {
          await until(() => simulator.jobs().length > 0);
          // Real time: five minutes of the service's.
          simulator.inject({ kind: { type: 'refuse', forMs: 3_000 } });
        },
      });
      expect(resultOf(played)).toBe('succeeded');
      expect(played.main.lines.filter((line) => line.includes('Retrying'))).toHaveLength(1);
      expect(played.main.lines.filter((line) => line.includes('available again'))).toHaveLength(1);
      expect([...errorsOf(played), ...warningsOf(played)]).toEqual([]);
    },
  );

  test.concurrent.each([
    ['seconds', () => '60'],
    ['a date', () => new Date(fastClock(speed).now() + 3_600_000).toUTCString()],
  ])('Retry-After in %s is honoured', async (_, ask) => {
    const kind = { type: 'status', status: 503, retryAfter: ask() } as const;
    const played = await play({
      simulator: { faults: [{ method: 'GET', path: '/v1/jobs/*', kind }] },
    });
    const looks = played.simulator.requests.filter(({ path }) => path.startsWith('/v1/jobs/'));
    const [first = 0, second = 0] = looks.map(({ atMs }) => atMs);
    expect(second - first).toBeGreaterThanOrEqual(59_000);
    expect(resultOf(played)).toBe('succeeded');
  });

  test.concurrent('FAILED between two runs is looked at twice', async () => {
    const recipe = {
      name: 'Retried',
      payload: { max_retry_count: 1 },
      life: [
        { status: 'RUNNING', forMs: 6_000 },
        { status: 'FAILED', forMs: 3_000 },
        { status: 'RUNNING', retry: true, forMs: 6_000 },
        { status: 'COMPLETED' },
      ],
    };
    expect(resultOf(await play({ recipes: [recipe] }))).toBe('succeeded');
  });

  test.concurrent('FAILED for good is a verdict, with retries left or without', async () => {
    for (const max_retry_count of [0, 2]) {
      const recipe = {
        name: 'Broken',
        payload: { max_retry_count },
        life: [{ status: 'RUNNING', forMs: 6_000 }, { status: 'FAILED' }],
      };
      expect(resultOf(await play({ recipes: [recipe] }))).toBe('failed');
    }
  });

  test.concurrent('one 404 after the cook may be lag', async () => {
    expect(resultOf(await play({ simulator: { readLagMs: 4_500 } }))).toBe('succeeded');
  });

  test.concurrent('a job that is gone is an error after half a minute', async () => {
    const played = await play({
      withPost: false,
      during: async (simulator) => {
        await until(() => simulator.jobs().length > 0);
        simulator.removeJob(simulator.jobs()[0]?.uuid ?? '');
      },
    });
    expect(resultOf(played)).toBe('error');
    expect(errorsOf(played)).toHaveLength(1);
    const answers = requestsTo(played, 'GET').map(({ status }) => status);
    // A new job may read as 404 for half a minute; after that, the second one counts.
    const unknown = answers.filter((status) => status === 404).length;
    expect(unknown).toBeGreaterThan(2);
    expect(unknown).toBeLessThan(15);
    expect(warningsOf(played).map(({ title }) => title)).toEqual(['A job could not be canceled']);
  });
});

describe('some refusals end the wait at once, each with its own remedy', () => {
  test.concurrent.each([
    [401, 'may have expired'],
    [403, 'API key'],
    [402, 'balance'],
    [410, 'inputs'],
  ])('%i', async (status, remedy) => {
    const played = await play({
      simulator: {
        faults: [{ method: 'GET', path: '/v1/jobs/*', kind: { type: 'status', status } }],
      },
    });
    expect(resultOf(played)).toBe('error');
    expect(errorsOf(played).map(({ message }) => message)).toEqual([
      expect.stringContaining(remedy),
    ]);
    // Nobody can follow it any more.
    expect(played.statuses).toEqual(['CANCELLED']);
  });
});

describe('clock and dialect', () => {
  test.concurrent.each([-10, 10])(
    'a clock that is %i minutes off is corrected, with one warning',
    async (minutes) => {
      const played = await play({
        clock: (service) => ({ ...service, now: () => service.now() + minutes * 60_000 }),
      });
      expect(resultOf(played)).toBe('succeeded');
      expect(warningsOf(played).map(({ title }) => title)).toEqual([
        'The clock of the runner is wrong',
      ]);
      // The look at the offers may still be under way when the cook is sent.
      const refused = played.simulator.requests.filter(({ status }) => status === 401);
      expect([1, 2]).toContain(refused.length);
    },
  );

  test.concurrent('a service that signs raw UTF-8 is understood, and stays so', async () => {
    const title = 'Café 😀';
    const played = await play({
      inputs: { title, timeout: '90s', env: 'NAME=Zoë' },
      simulator: { rawUtf8Signing: true },
      recipes: [{ name: 'Endless', life: [{ status: 'RUNNING' }] }],
    });
    expect(played.simulator.jobs().map((job) => job.title)).toEqual([title]);
    expect(played.statuses).toEqual(['CANCELLED']);
    expect(requestsTo(played, 'POST').map(({ status }) => status)).toEqual([401, 200]);
  });

  test.concurrent('a wrong secret is not tried twice where the body is plain', async () => {
    const played = await play({ inputs: { 'secret-key': 'sk_wrong_0123456789' }, withPost: false });
    expect(played.simulator.requests.map(({ method, status }) => [method, status])).toEqual([
      ['GET', 401],
    ]);
  });
});

test('a service that is away until the timeout is the cause, and the status may be old', async () => {
  const away = { type: 'status', status: 503 } as const;
  const played = await play({
    recipes: [completing],
    inputs: { timeout: '60s', 'on-timeout': 'fail' },
    during: async (simulator) => {
      await until(() => simulator.jobs()[0]?.status === 'RUNNING');
      simulator.inject({ path: '/v1/jobs/*', times: Infinity, kind: away });
    },
    withPost: false,
  });
  expect(resultOf(played)).toBe('timed-out');
  const [{ message } = { message: '' }, ...others] = errorsOf(played);
  expect(others).toEqual([]);
  expect(message).toMatch(
    /^The timeout was reached\. The job was last (?:queued|running), and could not be read for \d.*: .*HTTP 503.* Job \S+ may still be running, and billed\./,
  );
  expect(played.main.summary()).toContain('<b>May still be running, and billed</b>');
});

describe('never twice', () => {
  test.concurrent(
    'a service that is gone after a lost reply holds the step no longer than its timeout',
    async () => {
      const played = await play({
        inputs: { timeout: '30s' },
        simulator: {
          faults: [
            { method: 'POST', when: 'after', kind: { type: 'close' } },
            {
              method: 'GET',
              path: '/v1/jobs',
              times: Infinity,
              kind: { type: 'status', status: 503 },
            },
          ],
        },
        withPost: false,
      });
      expect(resultOf(played)).toBe('timed-out');
      expect(errorsOf(played)).toHaveLength(1);
      expect(requestsTo(played, 'POST')).toHaveLength(1);
    },
  );

  test.concurrent(
    'a lost reply and a lagging list: the job is found, not cooked again',
    async () => {
      const played = await play({
        simulator: {
          listingLagMs: 10_000,
          faults: [{ method: 'POST', when: 'after', kind: { type: 'reset' } }],
        },
      });
      expect(resultOf(played)).toBe('succeeded');
      expect(requestsTo(played, 'POST')).toHaveLength(1);
      expect(played.main.lines.join('\n')).toMatch(/ {2}found .*, after a lost response/m);
    },
  );

  test.concurrent(
    'a first cook that comes to be very late is cancelled, and the second one followed',
    async () => {
      // Listed only after the looks have ended: to us the job is not there, so the cook is repeated.
      const played = await play({
        simulator: {
          listingLagMs: 60_000,
          faults: [{ method: 'POST', when: 'after', kind: { type: 'close' } }],
        },
        recipes: [
          { name: 'Long', life: [{ status: 'RUNNING', forMs: 300_000 }, { status: 'COMPLETED' }] },
        ],
        withPost: false,
      });
      expect(resultOf(played)).toBe('succeeded');
      expect(played.statuses).toEqual(['CANCELLED', 'COMPLETED']);
      expect(requestsTo(played, 'POST')).toHaveLength(2);
    },
  );
});

describe('many jobs', () => {
  test.concurrent('a service that takes one UUID for its filter is read job by job', async () => {
    const scene = { inputs: { logs: 'none' }, simulator: { singleUuidFilter: true } };
    const recipes = ['A', 'B', 'C'].map((name) => ({
      name,
      life: [{ status: 'RUNNING', forMs: 12_000 }, { status: 'COMPLETED' }],
    }));
    const played = await play({ ...scene, recipes });
    expect(resultOf(played)).toBe('succeeded');
    const lists = requestsTo(played, 'GET').filter(({ path }) => path === '/v1/jobs');
    expect(lists).toHaveLength(1);
  });
});
