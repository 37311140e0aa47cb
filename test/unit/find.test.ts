import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../src/service/schemas.ts';
import { InterruptedError } from '../../src/errors.ts';
import { createFinder, lookupWindowMs, type Search } from '../../src/custody/find.ts';
import { readJobPages } from '../../src/service/lists.ts';
import { fakeClient, never, refused, type FakeClient, type SentCall } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';

const marked = (mark: string, number = 1) =>
  fakeJob({ uuid: uuidNumber(number), description: `Cooked [${mark}]` });
const search = (change: Partial<Search> = {}): Search => ({
  mark: 'cook-1-a',
  jobs: [],
  serverSentAtMs: null,
  windowMs: lookupWindowMs,
  ...change,
});
const serviceOf = (answer: (call: SentCall) => unknown) => fakeClient(createMadeUpClock(), answer);
const lists = ({ calls }: FakeClient) => calls.length;
const pageOf = (data: readonly Job[], total?: number) => ({
  data,
  ...(total !== undefined && { total }),
});

describe('how long a job is looked for', () => {
  test('after a doubt: for half a minute', () => {
    expect(lookupWindowMs).toBe(30_000);
  });

  test.each([
    [0, 1, 0],
    [lookupWindowMs, 7, 31_000],
  ])('in a list without it, in a window of %i ms: %i looks, %i ms', async (windowMs, looks, ms) => {
    const client = serviceOf(() => pageOf([]));
    expect(await createFinder(client, never)(search({ windowMs }))).toBeNull();
    expect([lists(client), client.clock.monotonicMs()]).toEqual([looks, ms]);
  });

  // Twice the window; a look under way is waited for.
  test.each([
    [0, 0],
    [10_000, 20_000],
    [lookupWindowMs, 60_000],
  ])('in a list that fails, in a window of %i ms: %i ms', async (windowMs, ms) => {
    const client = serviceOf(() => {
      throw refused(503);
    });
    const found = createFinder(client, never)(search({ windowMs }));
    await expect(found).rejects.toMatchObject({ status: 503 });
    expect(client.clock.monotonicMs()).toBeGreaterThanOrEqual(ms);
    expect(client.clock.monotonicMs()).toBeLessThan(ms + 10_000);
  });

  test('without descriptions, the jobs of a page are read before the next page, which may fail', async () => {
    const job = marked('cook-1-a');
    const client = serviceOf(({ pathname, query }) => {
      if (pathname !== '/v1/jobs') return job;
      if (query?.['page'] !== '1') throw refused(503);
      return pageOf([{ ...job, description: null }], 100);
    });
    expect(await createFinder(client, never)(search())).toMatchObject({ uuid: job.uuid });
  });

  test('a list that is refused is not asked for again', async () => {
    const client = serviceOf(() => {
      throw refused(403);
    });
    const found = createFinder(client, never)(search());
    await expect(found).rejects.toMatchObject({ status: 403 });
    expect(lists(client)).toBe(1);
  });

  test('where nobody looks later: until the signal', async () => {
    const client = serviceOf(() => {
      throw refused(503);
    });
    const over = new AbortController();
    void client.clock.sleep(600_000).then(() => {
      over.abort();
    });
    const found = createFinder(client, over.signal)(search({ isLast: true }));
    await expect(found).rejects.toBeInstanceOf(InterruptedError);
    expect(client.clock.monotonicMs()).toBe(600_000);
  });

  test('a job that shows up is found at the next look', async () => {
    const client = serviceOf(({ atMs }) => pageOf(atMs < 12_000 ? [] : [marked('cook-1-a')]));
    expect(await createFinder(client, never)(search())).not.toBeNull();
    expect(client.clock.monotonicMs()).toBe(15_000);
  });

  test('an interrupt ends it at once', async () => {
    const client = serviceOf(() => pageOf([]));
    const over = new AbortController();
    const found = createFinder(client, over.signal)(search());
    over.abort();
    await expect(found).rejects.toBeInstanceOf(InterruptedError);
    expect(client.clock.monotonicMs()).toBe(0);
  });
});

describe('what is found', () => {
  test('the mark decides, nonce included; known jobs are passed over', async () => {
    const jobs = [marked('cook-1-b', 1), marked('cook-1-a', 2), marked('cook-1-a', 3)];
    const client = serviceOf(() => pageOf(jobs, 3));
    const known = [{ uuid: uuidNumber(2), hasEnded: false }];
    const found = await createFinder(client, never)(search({ jobs: known }));
    expect(found?.uuid).toBe(uuidNumber(3));
  });

  test('the first paging serves all that begin to look together', async () => {
    const client = serviceOf(() => pageOf([marked('cook-1-a', 1), marked('cook-2-a', 2)], 2));
    const finder = createFinder(client, never);
    const found = await Promise.all(
      ['cook-1-a', 'cook-2-a'].map(async (mark) => finder(search({ mark }))),
    );
    expect(found.map((job) => job?.uuid)).toEqual([uuidNumber(1), uuidNumber(2)]);
    expect(lists(client)).toBe(1);
  });

  test('one paging serves a hundred, and each gets its own', async () => {
    const marks = Array.from({ length: 100 }, (_, index) => `cook-${index}-a`);
    const client = serviceOf(({ atMs }) =>
      atMs < 5_000 ? pageOf([], 0) : pageOf(marks.slice(0, 49).map(marked), 49),
    );
    const finder = createFinder(client, never);
    const found = await Promise.all(marks.map(async (mark) => finder(search({ mark }))));
    expect(found.map((job) => job?.uuid)).toEqual(
      marks.map((_, index) => (index < 49 ? uuidNumber(index) : undefined)),
    );
    expect(lists(client)).toBeLessThanOrEqual(8);
  });
});

test('what is found is told at once, however long the list', async () => {
  const client = serviceOf(({ query }) =>
    pageOf(query?.['page'] === '1' ? [marked('cook-1-a')] : [marked('other', 2)], 1_000),
  );
  const finder = createFinder(client, never);
  const pagesAtFirst = finder(search()).then(() => lists(client));
  const others = finder(search({ mark: 'cook-2-a', windowMs: 0 }));
  // The next page is asked for meanwhile.
  expect(await pagesAtFirst).toBeLessThanOrEqual(2);
  expect(await others).toBeNull();
  expect(lists(client)).toBeGreaterThan(3);
});

describe('paging', () => {
  const account = Array.from({ length: 120 }, (_, index) => marked('other', index));
  const pagesOf = (size: number, total?: number, change: Partial<Job> = {}) =>
    serviceOf(({ query }) => {
      const from = (Number(query?.['page']) - 1) * size;
      const members = account.slice(from, from + size).map((job) => ({ ...job, ...change }));
      return pageOf(members, total);
    });

  async function read(client: FakeClient): Promise<Job[]> {
    const jobs: Job[] = [];
    for await (const { items } of readJobPages(client, never)) jobs.push(...items);
    return jobs;
  }

  // The service may give less than it is asked for, and need not tell the total.
  test.each([
    [50, 120, 3],
    [50, undefined, 3],
    [20, 120, 6],
    // Six full pages: only the empty one after them tells.
    [20, undefined, 7],
    [7, undefined, 18],
    // A total that is none: that of a page, nothing, or less.
    [50, 50, 3],
    [50, 0, 3],
    [20, 0, 7],
    [50, -1, 3],
  ])('pages of %i, total %p: 120 jobs in %i requests', async (size, total, requests) => {
    const client = pagesOf(size, total);
    expect(await read(client)).toHaveLength(120);
    expect(lists(client)).toBe(requests);
    expect(client.calls[0]?.query).toMatchObject({ limit: '50', sort: '-created_at' });
  });

  test('a service that gives the same page for ever is left after three more', async () => {
    const client = serviceOf(() => pageOf(account.slice(0, 50), 1_000));
    expect(await read(client)).toHaveLength(50);
    expect(lists(client)).toBe(1 + 3);
  });

  test('jobs that move to the next page meanwhile are read once', async () => {
    const client = serviceOf(({ query }) => {
      const from = query?.['page'] === '1' ? 0 : 40;
      return pageOf(account.slice(from, from + 50), 100);
    });
    expect(await read(client)).toHaveLength(90);
  });

  const longAgo = '2020-01-01T00:00:00.000Z';
  const recently = '2026-06-10T00:00:00.000Z';

  test.each<[string, (index: number) => string]>([
    ['has one date that is wrong', (index) => (index === 3 ? longAgo : recently)],
    [
      'has the oldest first',
      (index) => (index < 100 ? `2020-01-01T00:00:${10 + (index % 50)}Z` : recently),
    ],
  ])('a list that %s is read to its end', async (_, dateOf) => {
    const dated = account.map((job, index) => ({ ...job, created_at: dateOf(index) }));
    const client = serviceOf(({ query }) => {
      const from = (Number(query?.['page']) - 1) * 50;
      return pageOf(dated.slice(from, from + 50), 120);
    });
    const serverSentAtMs = Date.parse(recently);
    await createFinder(client, never)(search({ serverSentAtMs, windowMs: 0 }));
    expect(lists(client)).toBe(3);
  });

  // Two days before the cook: machines of the service whose clocks differ, days without a time.
  test.each([
    [47, 3],
    [49, 1],
  ])('where a page goes back %i hours, %i pages are read', async (hours, pages) => {
    const serverSentAtMs = Date.UTC(2026, 5, 10);
    const created_at = new Date(serverSentAtMs - hours * 3_600_000).toISOString();
    const client = pagesOf(50, 120, { created_at });
    await createFinder(client, never)(search({ serverSentAtMs, windowMs: 0 }));
    expect(lists(client)).toBe(pages);
  });
});

describe('a list without descriptions', () => {
  const serviceWithout = (
    jobs: readonly Job[],
    statuses: ReadonlyMap<string, number> = new Map(),
    description: string | null = null,
  ) =>
    serviceOf(({ pathname }) => {
      const undescribed = jobs.map((job) => ({ ...job, description }));
      if (pathname === '/v1/jobs') return pageOf(undescribed, jobs.length);
      const job = jobs.find(({ uuid }) => pathname.endsWith(uuid));
      const status = statuses.get(job?.uuid ?? '');
      if (job === undefined || status !== undefined) throw refused(status ?? 404);
      return job;
    });
  const singleReads = ({ calls }: FakeClient) =>
    calls.filter(({ pathname }) => pathname !== '/v1/jobs').length;

  test('has its jobs read one by one, each once', async () => {
    const client = serviceWithout([marked('x', 1), marked('y', 2), marked('z', 3)]);
    const known = search({ jobs: [{ uuid: uuidNumber(3), hasEnded: false }] });
    expect(await createFinder(client, never)(known)).toBeNull();
    expect([singleReads(client), lists(client)]).toEqual([2, 9]);
  });

  test('gives the job, though another cannot be read', async () => {
    const jobs = [marked('x', 1), marked('cook-1-a', 2)];
    const client = serviceWithout(jobs, new Map([[uuidNumber(1), 404]]));
    expect(await createFinder(client, never)(search())).toEqual(jobs[1]);
  });

  test.each([
    [404, 'the list has no descriptions'],
    [503, 'HTTP 503'],
  ])('proves nothing where one answers %i', async (status, message) => {
    const client = serviceWithout([marked('x', 1)], new Map([[uuidNumber(1), status]]));
    const found = createFinder(client, never)(search({ windowMs: 0 }));
    await expect(found).rejects.toThrow(message);
  });

  test('is left alone where the service cannot tell now', async () => {
    const jobs = Array.from({ length: 30 }, (_, index) => marked('x', index + 1));
    const client = serviceWithout(jobs, new Map(jobs.map(({ uuid }) => [uuid, 503])));
    const found = createFinder(client, never)(search({ windowMs: 0 }));
    await expect(found).rejects.toMatchObject({ status: 503 });
    expect(singleReads(client)).toBe(1);
  });

  test('is known as such where they are empty', async () => {
    const jobs = [marked('cook-1-a', 1)];
    const client = serviceWithout(jobs, new Map(), '');
    expect(await createFinder(client, never)(search())).toEqual(jobs[0]);
  });

  test.each([
    [100, ''],
    [101, 'too many jobs'],
  ])('of %i jobs', async (count, failure) => {
    const jobs = Array.from({ length: count }, (_, index) => marked('x', index + 1));
    const find = createFinder(serviceWithout(jobs), never);
    const outcome = await find(search({ windowMs: 0 })).then(() => '', String);
    expect(outcome).toContain(failure);
    expect(outcome === '').toBe(failure === '');
  });

  test('where other jobs of the list have one, none is read', async () => {
    const others = [marked('x', 1), fakeJob({ uuid: uuidNumber(2), description: null })];
    const client = serviceOf(() => pageOf(others, 2));
    await createFinder(client, never)(search({ windowMs: 0 }));
    expect(client.calls).toHaveLength(1);
  });
});
