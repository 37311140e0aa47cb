import { expect, test } from '@jest/globals';
import type { Job } from '../../src/service/schemas.ts';
import type { RunRef } from '../../src/inputs/context.ts';
import { findRepositoryJobs } from '../../src/check/jobs.ts';
import { fakeClient, never, refused, type SentCall } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';

const here: RunRef = {
  server: 'github.com',
  repository: 'acme/renders',
  repositoryId: '1',
  runId: '7',
  runAttempt: 1,
  sha: '',
  workflow: 'CI',
};
const dayMs = 86_400_000;

/** The places of the jobs of this repository that are found in a list. */
async function findIn(jobs: readonly Partial<Job>[], isDescribed = true, status = 200) {
  const marked = jobs.map((job, index) =>
    fakeJob({
      uuid: uuidNumber(index),
      created_at: new Date(createMadeUpClock().now()).toISOString(),
      description: `[github.com/acme/renders 1 7.1 - end CI] [cook-${'0'.repeat(32)}-aa]`,
      ...job,
    }),
  );
  const single = (job: Job | undefined) => {
    if (status !== 200) throw refused(status);
    return job;
  };
  const client = fakeClient(createMadeUpClock(), ({ pathname }) =>
    pathname === '/v1/jobs'
      ? {
          data: marked.map((job) => ({
            ...job,
            description: isDescribed ? job.description : null,
          })),
          total: marked.length,
        }
      : single(marked.find(({ uuid }) => pathname.endsWith(uuid))),
  );
  const found = await findRepositoryJobs(client, here, 3 * dayMs, never);
  return found.map(({ job }) => marked.findIndex(({ uuid }) => uuid === job.uuid));
}

test('the jobs of a repository are found behind one whose date is wrong', async () => {
  expect(await findIn([{}, { created_at: '1999-01-01T00:00:00Z' }, {}])).toEqual([0, 2]);
});

test('the jobs of a repository are found where the list has no descriptions', async () => {
  expect(await findIn([{}, {}], false)).toEqual([0, 1]);
});

test('of a list without descriptions, eight jobs are read at a time', async () => {
  const jobs = Array.from({ length: 16 }, (_, index) => fakeJob({ uuid: uuidNumber(index) }));
  const answer = ({ pathname }: SentCall) =>
    pathname === '/v1/jobs'
      ? { data: jobs.map((job) => ({ ...job, description: null })), total: jobs.length }
      : jobs.find(({ uuid }) => pathname.endsWith(uuid));
  const client = fakeClient(createMadeUpClock(), answer, 1_000);
  await findRepositoryJobs(client, here, 3 * dayMs, never);
  const single = client.times('GET').slice(1);
  expect(single).toEqual(jobs.map((_, index) => (index < 8 ? 1_000 : 2_000)));
});

test.each([503, 403])('a check cannot look where single reads answer %i', async (status) => {
  const found = findIn([{}, {}], false, status);
  await expect(found).rejects.toMatchObject({ status });
});

test('an account with more jobs is not read to its end', async () => {
  let pages = 0;
  const old = '2020-01-01T00:00:00Z';
  const client = fakeClient(createMadeUpClock(), () => {
    pages += 1;
    const data = Array.from({ length: 50 }, (_, index) =>
      fakeJob({ uuid: uuidNumber(pages * 50 + index), created_at: old }),
    );
    return { data, total: 100_000 };
  });
  expect(await findRepositoryJobs(client, here, 3 * dayMs, never)).toEqual([]);
  // A page of old jobs tells, and never more than a second one.
  expect(pages).toBeLessThanOrEqual(2);
});

test('a job that is gone since the list was made is passed over', async () => {
  expect(await findIn([{}], false, 404)).toEqual([]);
});
