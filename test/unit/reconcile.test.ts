import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../src/service/schemas.ts';
import { ServiceError } from '../../src/errors.ts';
import { newEntryFacts, type EntryFacts } from '../../src/custody/facts.ts';
import { createFinder } from '../../src/custody/find.ts';
import type { Phase } from '../../src/custody/policy.ts';
import { createPoller } from '../../src/service/poll.ts';
import { reconcile } from '../../src/custody/reconcile.ts';
import { fakeClient, refused, type SentCall } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, fakeRun, uuidNumber } from '../support/outcomes.ts';

const uuid = uuidNumber(1);
const minuteMs = 60_000;

interface Scene {
  readonly phase?: Phase;
  readonly facts?: Partial<EntryFacts>;
  readonly wanted?: 'keep' | 'cancel';
  /** When it becomes unwanted, and is reconciled again meanwhile. */
  readonly unwantedAtMs?: number;
  readonly deadlineMs?: number;
  /** What is answered to a call; anything else is a job that runs, or an empty list. */
  readonly answer?: (call: SentCall) => unknown;
}

/** Reconciles an entry, as many times as asked. */
async function play(scene: Scene, rounds = 1) {
  const { phase = 'main', wanted = 'cancel', answer, deadlineMs = 30 * minuteMs } = scene;
  const { unwantedAtMs = Infinity } = scene;
  const clock = createMadeUpClock();
  const client = fakeClient(clock, (call) => {
    const given = answer?.(call);
    if (given instanceof ServiceError) throw given;
    if (given !== undefined) return given;
    return call.pathname === '/v1/jobs' ? { data: [], total: 0 } : fakeJob({ status: 'RUNNING' });
  });
  const deadline = new AbortController();
  const done = new AbortController();
  void clock.sleep(deadlineMs, done.signal).then(() => {
    deadline.abort();
  });
  const told: string[] = [];
  const tell = (name: string) => () => void told.push(name);
  let facts: EntryFacts = {
    ...newEntryFacts('cook-1-a'),
    sends: 1,
    jobs: [{ uuid, hasEnded: false }],
    ...scene.facts,
  };
  const entry = {
    facts: () => facts,
    record: (change: Partial<EntryFacts>) => {
      facts = { ...facts, ...change };
    },
    wanted: () => (clock.monotonicMs() >= unwantedAtMs ? 'cancel' : wanted),
    reason: () => 'x',
    onJob: () => {},
    canceled: new Set<string>(),
  };
  const health = { onUnavailable: () => {}, onAvailable: () => {} };
  const options = {
    client,
    find: createFinder(client, deadline.signal),
    poller: createPoller({ client, interval: 'auto', signal: deadline.signal, ...health }),
    log: {
      canceling: () => {},
      notEnded: tell('not ended'),
      cancelFailed: tell('cancel failed'),
      foundLater: tell('found'),
      lookupFailed: tell('look-up failed'),
    },
    phase,
    deadline: deadline.signal,
  };
  const again =
    unwantedAtMs === Infinity
      ? null
      : clock.sleep(unwantedAtMs).then(async () => reconcile({ ...entry, ...options }));
  for (let round = 0; round < rounds; round += 1) await reconcile({ ...entry, ...options });
  await again;
  const tookMs = clock.monotonicMs();
  done.abort();
  const lists = client.calls.filter(({ pathname }) => pathname === '/v1/jobs').length;
  return { facts, told, tookMs, lists, cancels: client.times('PUT'), sent: client.calls };
}

const isCancel = ({ method }: SentCall) => method === 'PUT';

describe('a cancel', () => {
  test('is confirmed at the next look', async () => {
    const answer = (call: SentCall) =>
      isCancel(call) ? undefined : fakeJob({ status: 'CANCELLED' });
    const { facts, told, cancels } = await play({ answer });
    expect(facts.jobs).toEqual([{ uuid, hasEnded: true }]);
    expect([told, cancels]).toEqual([[], [0]]);
  });

  test('that has no effect is sent every 12 s, and given up in main after 30 s', async () => {
    const { told, tookMs, cancels } = await play({});
    expect(cancels).toEqual([0, 12_000, 24_000]);
    expect([told, tookMs]).toEqual([['cancel failed'], 30_000]);
  });

  test('and in post at its deadline', async () => {
    const { told, tookMs, cancels } = await play({ phase: 'post', deadlineMs: 225_000 });
    expect(cancels).toHaveLength(19);
    expect([told, tookMs]).toEqual([['cancel failed'], 225_000]);
  });

  test('is sent once more where the job can be read no longer', async () => {
    const { told, cancels, tookMs } = await play({
      phase: 'post',
      answer: (call) => (isCancel(call) ? undefined : refused(401)),
    });
    expect(cancels).toHaveLength(2);
    // The next look was the last.
    expect(tookMs).toBeLessThan(5_000);
    expect(told).toEqual(['cancel failed']);
  });

  test('that is slow holds up no other of the entry', async () => {
    const other = uuidNumber(2);
    const jobs = [
      { uuid, hasEnded: false },
      { uuid: other, hasEnded: false },
    ];
    const { sent } = await play({
      facts: { sends: 2, jobs },
      answer: (call) => (isCancel(call) && call.pathname.includes(uuid) ? refused(503) : undefined),
    });
    const first = sent.find((call) => isCancel(call) && call.pathname.includes(other));
    expect(first?.atMs).toBe(0);
  });

  test.each<[Partial<EntryFacts>, number, readonly string[]]>([
    [{}, 20_000, []],
    [{}, Infinity, ['cancel failed']],
    [{ sends: 0, mark: null }, 20_000, ['cancel failed']],
  ])('of %j that is answered 404 for %d ms in post: %j', async (facts, lagMs, expected) => {
    const { told, tookMs } = await play({
      phase: 'post',
      facts,
      answer: ({ atMs }) => (atMs < lagMs ? refused(404) : fakeJob({ status: 'CANCELLED' })),
    });
    expect(told).toEqual(expected);
    // What was deleted does not keep post for long.
    expect(tookMs).toBeLessThan(60_000);
  });

  test('is not sent, nor told of, anew at the next occasion', async () => {
    const { told, cancels } = await play({}, 3);
    expect(cancels).toEqual([0, 12_000, 24_000]);
    expect(told).toEqual(['cancel failed']);
  });

  test('that fails is given up in main after eight tries', async () => {
    const { told, cancels } = await play({
      answer: (call) => (isCancel(call) ? refused(503) : undefined),
    });
    expect(cancels).toHaveLength(8);
    expect(told).toEqual(['cancel failed']);
  });

  test('in post it is tried until the deadline, whatever pause the service asks for', async () => {
    const { told, tookMs, cancels } = await play({
      phase: 'post',
      deadlineMs: 225_000,
      answer: (call) => (isCancel(call) ? refused(503, 3_600_000) : undefined),
    });
    expect(cancels).toEqual([0, 60_000, 120_000, 180_000]);
    expect([told, tookMs]).toEqual([['cancel failed'], 225_000]);
  });

  test('of a host that is given up on is followed by no read, which would hang as well', async () => {
    const { told, sent } = await play({ answer: () => refused(503).with({ isLasting: true }) });
    expect([told, sent.map(({ method }) => method)]).toEqual([['cancel failed'], ['PUT']]);
  });

  test('that is refused since the job has ended is no failure', async () => {
    const { told, facts } = await play({
      answer: (call) => (isCancel(call) ? refused(409) : fakeJob({ status: 'COMPLETED' })),
    });
    expect([told, facts.jobs]).toEqual([[], [{ uuid, hasEnded: true }]]);
  });

  // Whether the cancel of what shows FAILED has any effect is documented nowhere.
  describe.each(['is answered', 'is refused'])('of a job that shows FAILED, and %s', (how) => {
    const failed = fakeJob({ status: 'FAILED', max_retry_count: 2 });
    const answerTo = (call: SentCall) =>
      isCancel(call) && how === 'is refused' ? refused(409) : failed;
    const runs = (count: number) => ({
      data: Array.from({ length: count }, (_, index) =>
        fakeRun({ status: 'FAILED', uuid: uuidNumber(900 + index) }),
      ),
    });

    test.each([
      ['main', 30_000],
      ['post', 225_000],
    ] as const)('is sent again in %s for %d ms, as it may be restarted', async (phase, ms) => {
      const { told, facts, tookMs, cancels } = await play({
        phase,
        deadlineMs: 225_000,
        answer: (call) => (call.pathname === '/v1/job-runs' ? runs(1) : answerTo(call)),
      });
      expect(cancels).toEqual(Array.from({ length: Math.ceil(ms / 12_000) }, (_, n) => n * 12_000));
      const warning = how === 'is refused' ? 'cancel failed' : 'not ended';
      expect([told, tookMs, facts.jobs]).toEqual([[warning], ms, [{ uuid, hasEnded: false }]]);
    });

    test('has ended once it has had all its runs', async () => {
      const { told, facts, tookMs } = await play({
        answer: (call) => (call.pathname === '/v1/job-runs' ? runs(3) : answerTo(call)),
      });
      expect([told, facts.jobs]).toEqual([[], [{ uuid, hasEnded: true }]]);
      expect(tookMs).toBeLessThan(5_000);
    });

    test('has ended where it had failed long ago', async () => {
      const { facts, cancels, tookMs } = await play({ facts: { stop: 'ended' }, answer: answerTo });
      expect([facts.jobs, cancels, tookMs]).toEqual([[{ uuid, hasEnded: true }], [0], 0]);
    });

    test('is sent again where it was refused between two runs, and the job runs again', async () => {
      const { facts, told } = await play({
        answer: (call) => {
          if (call.pathname === '/v1/job-runs') return runs(1);
          if (call.atMs > 0) return fakeJob({ status: isCancel(call) ? 'CANCELLED' : 'RUNNING' });
          return isCancel(call) ? refused(409) : fakeJob({ status: 'PENDING' });
        },
      });
      expect([told, facts.jobs]).toEqual([[], [{ uuid, hasEnded: true }]]);
    });

    test('ends where it is restarted after all', async () => {
      const { facts } = await play({
        phase: 'post',
        answer: (call) => {
          if (call.pathname === '/v1/job-runs') return runs(1);
          if (call.atMs < 100_000) return answerTo(call);
          return fakeJob({ status: isCancel(call) ? 'CANCELLED' : 'RUNNING' });
        },
      });
      expect(facts.jobs).toEqual([{ uuid, hasEnded: true }]);
    });
  });
});

describe('a look', () => {
  const doubt = { jobs: [] };

  test.each<[Phase, Partial<EntryFacts>, number, number]>([
    ['main', doubt, 0, 1],
    ['post', doubt, 31_000, 7],
    // Refused, and taken all the same: post makes sure with one look.
    ['post', { jobs: [], refused: 1 }, 0, 1],
    ['post', { jobs: [], unsent: 1 }, 0, 0],
  ])('in %s, %j: for %i ms, in %i lists', async (phase, facts, ms, lists) => {
    expect(await play({ phase, facts })).toMatchObject({ tookMs: ms, lists });
  });

  test.each([
    ['keep', [] as number[]],
    ['cancel', [0]],
  ] as const)('finds a job to %s', async (wanted, cancels) => {
    const found: Job = fakeJob({ status: 'RUNNING', description: '[cook-1-a]' });
    const answer = ({ method, pathname }: SentCall) => {
      if (pathname === '/v1/jobs') return { data: [found], total: 1 };
      return method === 'GET' ? fakeJob({ status: 'CANCELLED' }) : undefined;
    };
    const played = await play({ phase: 'post', facts: doubt, wanted, answer });
    expect(played.told).toEqual(['found']);
    expect(played.cancels).toEqual(cancels);
  });

  test('that fails for good is told', async () => {
    const answer = ({ pathname }: SentCall) => (pathname === '/v1/jobs' ? refused(403) : undefined);
    expect((await play({ phase: 'post', facts: doubt, answer })).told).toEqual(['look-up failed']);
  });
});

describe('what is slow with one job holds up no other', () => {
  const second = uuidNumber(2);
  const cancelsOf = (sent: readonly SentCall[], jobUuid: string) =>
    sent
      .filter((call) => isCancel(call) && call.pathname.includes(jobUuid))
      .map(({ atMs }) => atMs);

  test('a job that is found while another one does not end is cancelled at once', async () => {
    const late = fakeJob({ uuid: second, status: 'RUNNING', description: '[cook-1-a]' });
    const { sent } = await play({
      phase: 'post',
      facts: { sends: 2 },
      deadlineMs: 225_000,
      answer: ({ pathname, atMs }) =>
        pathname === '/v1/jobs' ? { data: atMs < 20_000 ? [] : [late], total: 1 } : undefined,
    });
    expect(cancelsOf(sent, second)[0]).toBeLessThan(25_000);
  });

  test('a cancel that is refused for ever keeps nobody from looking for a second job', async () => {
    const late = fakeJob({ uuid: second, status: 'RUNNING', description: '[cook-1-a]' });
    const { sent } = await play({
      phase: 'post',
      facts: { sends: 2 },
      deadlineMs: 225_000,
      answer: ({ pathname }) => {
        if (pathname.includes(uuid)) return refused(500);
        return pathname === '/v1/jobs' ? { data: [late], total: 1 } : undefined;
      },
    });
    expect(cancelsOf(sent, second)[0]).toBe(0);
  });

  test('a job that becomes unwanted while the end of a duplicate is confirmed, too', async () => {
    const { sent } = await play({
      wanted: 'keep',
      unwantedAtMs: 5_000,
      facts: {
        jobs: [
          { uuid, hasEnded: false },
          { uuid: second, hasEnded: false },
        ],
      },
    });
    expect(cancelsOf(sent, second)[0]).toBe(0);
    expect(cancelsOf(sent, uuid)[0]).toBe(5_000);
  });
});
