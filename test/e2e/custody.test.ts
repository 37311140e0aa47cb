import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, jest, test } from '@jest/globals';
import { findCommands } from '../runner/commands.ts';
import type { StepResult } from '../runner/step.ts';
import type { Fault, RecipeScript } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import { endless, onStage, short, type StepInputs } from './stage.ts';

// Several things that happen at once: scenes in which a job was once created twice, or left running,
// though each thing by itself was harmless. On the committed `dist`, over real sockets. What needs
// minutes is played in `test/scenarios`, in fast time.

// They mostly wait, each for its own clock: side by side, which those of several `describe` are not.
jest.setTimeout(90_000);

const hourMs = 3_600_000;
const server: RecipeScript = {
  name: 'Server',
  payload: { task: 'PERSISTENT' },
  life: [{ status: 'RUNNING' }],
};
const failing: RecipeScript = {
  name: 'Broken',
  life: [{ status: 'RUNNING', forMs: 1_500 }, { status: 'FAILED' }],
};
const lostAnswer: Fault = { method: 'POST', when: 'after', kind: { type: 'close' } };
const said = ({ log }: StepResult, level: string) =>
  findCommands(log)
    .filter(({ name }) => name === level)
    .map(({ message }) => message);
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

// A clock an hour off, with five jobs.

test.concurrent(
  'a clock an hour off: all are cooked and watched to their ends, with one warning',
  async () => {
    const options = { recipes: times(5, short), now: () => Date.now() - hourMs, latencyMs: 50 };
    await onStage(options, async ({ start, statuses }) => {
      const { outputs, log } = await start().done;
      expect(statuses()).toEqual(times(5, 'COMPLETED'));
      expect(outputs['result']).toBe('succeeded');
      expect(log.match(/clock of the runner is wrong/g)).toHaveLength(1);
    });
  },
);

test.concurrent(
  'a clock an hour off: it is set between main and post: all are cancelled',
  async () => {
    let offMs = 0;
    const options = { recipes: times(5, endless), now: () => Date.now() + offMs, latencyMs: 50 };
    await onStage(options, async ({ start, statuses, count }) => {
      // The service's own limit must not end them when its clock is set.
      const step = start({ with: { 'max-timeout-run': '5h' } });
      await until(() => statuses().length === 5 && count('GET', '/v1/jobs') > 0);
      step.process.kill('SIGKILL');
      await step.done;
      offMs = hourMs;
      await step.post();
      expect(statuses()).toEqual(times(5, 'CANCELLED'));
    });
  },
);

test.concurrent(
  'a clock an hour off: it is set in mid-wait: no healthy job is lost or cancelled',
  async () => {
    let offMs = 0;
    const options = { recipes: times(5, endless), now: () => Date.now() + offMs, latencyMs: 50 };
    await onStage(options, async ({ start, statuses, count }) => {
      // The service's own limit must not end them when its clock is set.
      const limits = { timeout: '6s', 'max-timeout-run': '5h' };
      const step = start({ with: { ...limits, 'on-timeout': 'detach' } });
      await until(() => statuses().length === 5 && count('GET', '/v1/jobs') > 0);
      offMs = hourMs;
      expect((await step.done).outputs['result']).toBe('detached');
      expect(statuses()).toEqual(times(5, 'RUNNING'));
    });
  },
);

test.concurrent('a service that wants raw UTF-8 gets it from all that are in flight', async () => {
  const options = { recipes: times(5, short), rawUtf8Signing: true, latencyMs: 100 };
  await onStage(options, async ({ start, statuses }) => {
    const { outputs } = await start({ with: { title: 'Größe 夜 😀' } }).done;
    expect(outputs['result']).toBe('succeeded');
    expect(statuses()).toEqual(times(5, 'COMPLETED'));
  });
});

// A job that does what was asked for belongs to the step until its verdict.

const signals = ['SIGINT', 'SIGKILL'] as const;

test.concurrent.each(signals)(
  'until the verdict: a server runs, another job is waited for, %s',
  async (signal) => {
    await onStage({ recipes: [server, endless] }, async ({ start, statuses, count }) => {
      const step = start();
      await until(() => count('GET', '/v1/jobs') >= 3);
      step.process.kill(signal);
      await step.done;
      await step.post();
      expect(statuses()).toEqual(['CANCELLED', 'CANCELLED']);
    });
  },
);

test.concurrent('until the verdict: a server runs, another job fails with fail-fast', async () => {
  await onStage({ recipes: [server, failing] }, async ({ start, statuses }) => {
    const { outputs } = await start({ with: { 'fail-fast': 'true' } }).done;
    expect(statuses().toSorted()).toEqual(['CANCELLED', 'FAILED']);
    expect(outputs['result']).toBe('failed');
  });
});

// Of a step that is killed outright, the outputs say what was true until then.
test.concurrent.each([
  ['SIGINT', 'cancelled'],
  ['SIGKILL', 'error'],
] as const)(
  'until the verdict: forty are submitted without wait, %s half-way',
  async (signal, result) => {
    const options = { recipes: times(40, endless), latencyMs: 100 };
    await onStage(options, async ({ simulator, start, statuses, count }) => {
      const step = start({ with: { wait: 'false' } });
      await until(() => simulator.jobs().length >= 20);
      step.process.kill(signal);
      expect((await step.done).outputs['result']).toBe(result);
      await step.post();
      expect(statuses().filter((status) => status !== 'CANCELLED')).toEqual([]);
      expect(count('POST')).toBeLessThan(40);
    });
  },
);

test.concurrent(
  'two steps of one composite action keep to their own jobs, also after a 429',
  async () => {
    await onStage({ recipes: [server] }, async ({ simulator, start, statuses }) => {
      const inputs = { with: { 'on-job-end': 'cancel' } };
      const first = start(inputs);
      expect((await first.done).outputs['result']).toBe('running');
      simulator.inject({ method: 'POST', kind: { type: 'status', status: 429 } });
      const second = start(inputs);
      expect((await second.done).outputs['result']).toBe('running');
      expect(statuses()).toEqual(['RUNNING', 'RUNNING']);
      await second.post();
      expect(statuses()).toEqual(['RUNNING', 'CANCELLED']);
      await first.post();
      expect(statuses()).toEqual(['CANCELLED', 'CANCELLED']);
    });
  },
);

test.concurrent('clock ahead, busy account, lost answer: cooked once', async () => {
  const now = () => Date.now() - hourMs;
  const kind = { type: 'hang', forMs: 500 } as const;
  const faults: readonly Fault[] = [{ method: 'POST', when: 'after', kind }];
  await onStage({ recipes: [short], now, faults }, async ({ simulator, start, statuses }) => {
    // With it the recipe is read first, and the first cook is signed with the service's time.
    const step = start({ with: { env: 'A=1' } });
    await until(() => simulator.jobs().length > 0);
    simulator.cookForOthers(simulator.recipeUuids[0] ?? '', 130);
    const { outputs, log } = await step.done;
    expect(statuses()).toEqual(['COMPLETED']);
    expect(outputs['result']).toBe('succeeded');
    expect(log).toContain('after a lost response');
  });
});

test.concurrent(
  'FAILED between two runs while the wait ends: the next run is not left alone',
  async () => {
    const retried: RecipeScript = {
      name: 'Retried',
      payload: { max_retry_count: 1 },
      life: [
        { status: 'RUNNING', forMs: 2_000 },
        { status: 'FAILED', forMs: 6_000 },
        { status: 'RUNNING', retry: true },
      ],
    };
    await onStage({ recipes: [retried] }, async ({ start, statuses }) => {
      const step = start({ with: { timeout: '5s' } });
      expect((await step.done).outputs['result']).toBe('timed-out');
      await step.post();
      // Long enough for the next run to have begun.
      await delay(2_500);
      expect(statuses()).toEqual(['CANCELLED']);
    });
  },
);

test.concurrent('a 503 and then one 404 are not two of 404', async () => {
  const strike = (nth: number, status: number): Fault => {
    return { method: 'GET', path: '/v1/jobs/*', nth, kind: { type: 'status', status } };
  };
  await onStage(
    { recipes: [short], faults: [strike(1, 503), strike(2, 404)] },
    async ({ start, statuses }) => {
      expect((await start().done).outputs['result']).toBe('succeeded');
      expect(statuses()).toEqual(['COMPLETED']);
    },
  );
});

// What never reached the service is certain: post looks for nothing.

const listeners: Server[] = [];
afterAll(() => {
  for (const each of listeners) each.close();
});

/** Listens, and answers the first bytes of each connection with these. */
async function listen(answer: string | Buffer): Promise<string> {
  const listener = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  });
  listeners.push(listener);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `127.0.0.1:${address.port}`;
}

/** What main and post tell, and how many requests have arrived. */
async function play(inputs: StepInputs) {
  return onStage({ recipes: [endless] }, async ({ simulator, start }) => {
    const step = start(inputs);
    const main = await step.done;
    return {
      result: main.outputs['result'],
      errors: said(main, 'error').length,
      isInDoubt: main.log.includes('No clear response'),
      post: (await step.post()).log,
      requests: simulator.requests.length,
    };
  });
}
const unreachable = { result: 'error', errors: 1, isInDoubt: false, post: '', requests: 0 };

test.concurrent(
  'what never reached the service is certain: a proxy that refuses the tunnel',
  async () => {
    const proxy = await listen('HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n');
    const env = { HTTP_PROXY: `http://${proxy}`, HTTPS_PROXY: `http://${proxy}` };
    expect(await play({ env, with: { 'api-url': 'https://api.dispersed.com' } })).toEqual(
      unreachable,
    );
  },
);

// An alert of TLS 1.2, fatal: no common ground, or no certificate for the name.
test.concurrent.each([40, 80])(
  'what never reached the service is certain: TLS alert %i in place of a handshake',
  async (alert) => {
    const host = await listen(Buffer.from([21, 3, 3, 0, 2, 2, alert]));
    expect(await play({ with: { 'api-url': `https://${host}` } })).toEqual(unreachable);
  },
);

test.concurrent(
  'what never reached the service is certain: a port that nobody listens on',
  async () => {
    const host = await listen('');
    listeners.pop()?.close();
    expect(await play({ with: { 'api-url': `http://${host}` } })).toEqual(unreachable);
  },
);

test.concurrent('a host that answers every path with a page and 404 is told at once', async () => {
  const faults: readonly Fault[] = [{ times: Infinity, kind: { type: 'html', status: 404 } }];
  await onStage({ recipes: [endless], faults }, async ({ start, count }) => {
    expect((await start().done).outputs['result']).toBe('error');
    expect(count('POST')).toBe(0);
  });
});

test.concurrent.each([
  ['always fails', { type: 'status', status: 500 }],
  ['is always too large', { type: 'huge', bytes: 9_000_000 }],
] as const)('a list of several jobs that %s is replaced by single reads', async (_, kind) => {
  const faults: readonly Fault[] = [{ method: 'GET', path: '/v1/jobs', times: Infinity, kind }];
  await onStage({ recipes: times(3, short), faults }, async ({ start, statuses }) => {
    const { outputs } = await start({ with: { logs: 'none', timeout: '60s' } }).done;
    expect(outputs['result']).toBe('succeeded');
    expect(statuses()).toEqual(times(3, 'COMPLETED'));
  });
});

// Timed out with a cook in doubt: on-timeout decides, not on-workflow-cancel.

const scene = { recipes: [endless], listingLagMs: 5_000, faults: [lostAnswer] };
const inDoubt = { with: { timeout: '2s', 'on-workflow-cancel': 'detach' } };

test.concurrent('timed out in doubt, on-timeout decides: in main', async () => {
  await onStage(scene, async ({ start, statuses }) => {
    const step = start(inDoubt);
    expect((await step.done).outputs['result']).toBe('timed-out');
    await step.post();
    expect(statuses()).toEqual(['CANCELLED']);
  });
});

test.concurrent(
  'timed out in doubt, on-timeout decides: in post, where main was killed meanwhile',
  async () => {
    await onStage(scene, async ({ start, statuses, count }) => {
      const step = start(inDoubt);
      await until(() => count('POST') > 0);
      await delay(3_000);
      step.process.kill('SIGKILL');
      await step.done;
      await step.post();
      expect(statuses()).toEqual(['CANCELLED']);
    });
  },
);

test.concurrent('attach, killed as soon as it has told of a job: post cancels it', async () => {
  await onStage({ recipes: times(4, endless), latencyMs: 20 }, async ({ start, statuses }) => {
    const attempt = (number: string) => ({ env: { GITHUB_RUN_ATTEMPT: number } });
    await start({ ...attempt('1'), with: { wait: 'false' } }).done;
    const step = start({ ...attempt('2'), with: { 'on-rerun': 'attach' } });
    await until(() => step.log().includes('  attached'));
    step.process.kill('SIGKILL');
    await step.done;
    await step.post();
    expect(statuses()).toEqual(times(4, 'CANCELLED'));
  });
});

test.concurrent('UUIDs in capitals are the same UUIDs', async () => {
  const options = { recipes: times(3, short), quirks: { capitals: true }, faults: [lostAnswer] };
  await onStage(options, async ({ simulator, start, statuses }) => {
    const { outputs } = await start({ with: { logs: 'none' } }).done;
    expect(outputs['result']).toBe('succeeded');
    expect(statuses()).toEqual(times(3, 'COMPLETED'));
    const told = JSON.parse(outputs['job-uuids'] ?? '') as string[];
    expect(told.toSorted()).toEqual(
      simulator
        .jobs()
        .map(({ uuid }) => uuid)
        .toSorted(),
    );
  });
});

test.concurrent('wait with fail-fast: an unknown job is a failure', async () => {
  await onStage({ recipes: [endless] }, async ({ start, statuses }) => {
    const { outputs } = await start({ with: { wait: 'false' } }).done;
    const uuids = [outputs['job-uuid'], '00000000-0000-4000-8000-000000000000'].join('\n');
    const inputs = { 'job-uuids': uuids, 'fail-fast': 'true', timeout: '60s' };
    const waiting = await start({ action: 'wait', with: inputs }).done;
    expect(waiting.outputs['result']).toBe('error');
    expect(statuses()).toEqual(['CANCELLED']);
  });
});

test.concurrent('max-parallel takes no servers, which never complete', async () => {
  await onStage({ recipes: times(3, server) }, async ({ start, statuses }) => {
    const step = start({ with: { 'max-parallel': '1', timeout: '4s' } });
    expect((await step.done).log).toContain('max-parallel');
    expect(statuses()).toEqual([]);
    expect((await step.post()).log).toBe('');
  });
});

// By itself, after the others: its bound is one of time.
test('200 jobs that take 8 s to stop are all asked to within seconds', async () => {
  const slow = { ...endless, cancelTakesMs: 8_000 };
  await onStage({ recipes: times(200, slow), latencyMs: 200 }, async (stage) => {
    const { simulator, start, statuses } = stage;
    const step = start({ with: { logs: 'none' } });
    await until(() => simulator.jobs().length === 200 && stage.count('GET', '/v1/jobs') > 0);
    const interruptedMs = Date.now();
    step.process.kill('SIGINT');
    const cancels = () => simulator.requests.filter(({ method }) => method === 'PUT');
    const isAskedOfAll = () => new Set(cancels().map(({ path }) => path)).size >= 200;
    await until(() => isAskedOfAll() || Date.now() > interruptedMs + 20_000);
    const asked = cancels();
    expect(new Set(asked.map(({ path }) => path)).size).toBe(200);
    expect(Math.max(...asked.map(({ atMs }) => atMs)) - interruptedMs).toBeLessThan(5_000);
    await step.done;
    await step.post();
    expect(statuses()).toEqual(times(200, 'CANCELLED'));
  });
});
