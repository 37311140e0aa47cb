import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Clock } from '../../src/clock.ts';
import type { JobRef, Origin, SubmittedJob } from '../../src/jobs/records.ts';
import type { Result } from '../../src/jobs/results.ts';
import { openCommitStatus } from '../../src/github/commit-status.ts';
import type { SendToGitHub } from '../../src/github/octokit.ts';
import { parsePendingUrl, pendingUrl, type NewStatus } from '../../src/github/statuses.ts';
import { describeEnd, openContexts } from '../../src/report/commit-status-text.ts';
import { noGitHub, refusal } from '../github/in-process.ts';
import { fakeDeps } from '../support/deps.ts';
import { fakeJob, fakeOutcome, fakeRunRef } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const jobRef = (index: number, title: string | null, recipeUuid: string | null): JobRef => ({
  index,
  title,
  recipeUuid,
  jobUuid: null,
});

describe('words', () => {
  test.each([
    ['succeeded', 'success'],
    ['running', 'pending'],
    ['submitted', 'pending'],
    ['detached', 'pending'],
    ['failed', 'failure'],
    ['cancelled', 'error'],
    ['timed-out', 'error'],
    ['error', 'error'],
  ] as const)('%s is %s', (result, state) => {
    expect(describeEnd(fakeOutcome({ result })).state).toBe(state);
  });

  test('how long it ran, and why it ended', () => {
    const job = { status: 'FAILED', status_reason: 'Node lost' };
    const failed = fakeOutcome({ result: 'failed' }, job, { started: 1, ended: 171 });
    expect(describeEnd(failed).description).toBe('Failed after 2m 50s: Node lost');
  });

  test('a server that ends with the workflow job has done what was asked', () => {
    const running = fakeOutcome({ result: 'running' });
    const saying = (words: string) => expect.stringContaining(words);
    expect(describeEnd(running)).toEqual({ state: 'pending', description: saying('Running') });
    expect(describeEnd(running, true)).toEqual({
      state: 'success',
      description: saying('Running'),
    });
    expect(describeEnd(fakeOutcome({ result: 'failed' }), true).state).toBe('failure');
  });

  test('GitHub takes them, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.array(fc.constantFrom('##[', '😀', '\ud83d', '\r', 'é', 'x')).map((each) => each.join('')),
    );
    fc.assert(
      fc.property(text, (foreign) => {
        const outcome = fakeOutcome({ result: 'error', error: new Error(foreign) });
        const { description } = describeEnd(outcome);
        const context = openContexts([])(jobRef(0, null, null), foreign);
        expect(description.length).toBeLessThan(140);
        expect(context.length).toBeLessThan(140);
        // eslint-disable-next-line no-control-regex
        expect(description + context).not.toMatch(/[\u0000-\u001f\ud800-\udfff]/);
      }),
    );
  });
});

describe('contexts', () => {
  test('jobs that will share a title are numbered in their order, whichever comes first', () => {
    const jobs = [jobRef(0, null, 'a'), jobRef(1, 'T', 'a'), jobRef(2, null, 'a')];
    const contextOf = openContexts(jobs);
    expect(jobs.toReversed().map((each) => contextOf(each, each.title ?? 'A'))).toEqual([
      'dispersed / A (2)',
      'dispersed / T',
      'dispersed / A',
    ]);
  });

  test('two recipes of one name do not share a context', () => {
    const jobs = [jobRef(0, null, 'a'), jobRef(1, null, 'b')];
    const contextOf = openContexts(jobs);
    expect(jobs.map((each) => contextOf(each, 'Same'))).toEqual([
      'dispersed / Same',
      'dispersed / Same (2)',
    ]);
  });

  test('a title of nothing that GitHub takes', () => {
    expect(openContexts([])(jobRef(0, null, null), '😀\u0000')).toBe('dispersed / untitled');
  });
});

interface ManualClock extends Clock {
  readonly advance: (ms: number) => Promise<void>;
}

// Time passes when it is told to, from one sleeper to the next.
function manualClock(): ManualClock {
  let nowMs = Date.UTC(2026, 2, 1, 3, 14, 15);
  let sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  return {
    monotonicMs: () => nowMs,
    now: () => nowMs,
    sleep: async (ms, signal) =>
      new Promise<void>((wake) => {
        if (signal?.aborted) wake();
        signal?.addEventListener('abort', () => {
          wake();
        });
        sleepers.push({ atMs: nowMs + ms, wake });
      }),
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      for (; nowMs < untilMs; nowMs += 100) {
        await turn();
        for (const { atMs, wake } of sleepers) if (atMs <= nowMs) wake();
        sleepers = sleepers.filter(({ atMs }) => atMs > nowMs);
      }
      await turn();
    },
  };
}

const never = new AbortController().signal;

// What GitHub makes of each request: its HTTP status, `slow` for a late 201, or `hang`.
type Answer =
  number | 'slow' | 'hang' | { readonly status: number; readonly headers: Record<string, string> };

const run = fakeRunRef({ runId: '4711', sha: 'a'.repeat(40) });

function open({ jobs = 1, answers = [201] }: { jobs?: number; answers?: readonly Answer[] } = {}) {
  const clock = manualClock();
  const runner = rememberingRunner({});
  const startMs = clock.now();
  const sent: {
    readonly seconds: number;
    readonly context: string;
    readonly said: string;
    readonly pending: ReturnType<typeof parsePendingUrl>;
  }[] = [];
  const send: SendToGitHub = async (_, parameters, signal) => {
    const { context, state, description, target_url: url } = parameters as unknown as NewStatus;
    const answer = answers[Math.min(sent.length, answers.length - 1)] ?? 201;
    const seconds = (clock.now() - startMs) / 1000;
    sent.push({
      seconds,
      context,
      said: `${state}: ${description}`,
      pending: parsePendingUrl(url),
    });
    if (answer === 'hang' || answer === 'slow') await clock.sleep(4_000, signal);
    if (answer === 'slow') return;
    const { status, headers } =
      typeof answer === 'object'
        ? answer
        : { status: answer === 'hang' ? 500 : answer, headers: {} };
    if (status !== 201) throw refusal(status, headers);
  };
  const refs = Array.from({ length: jobs }, (_, index) => jobRef(index, `Job ${index}`, null));
  const inputs = { 'commit-status': true, 'github-token': 't' };
  const deps = {
    ...fakeDeps(runner, clock),
    random: () => 1,
    openGitHub: () => send,
  };
  const commitStatus = openCommitStatus(inputs, refs, run, deps);
  const submittedJob = (
    index = 0,
    origin: Origin = 'cooked',
    status = 'PENDING',
  ): SubmittedJob => ({
    ref: refs[index] ?? jobRef(index, null, null),
    origin,
    job: fakeJob({ status, title: `Job ${index}` }),
    submittedAtMs: clock.now(),
  });
  return {
    clock,
    sent,
    kept: () => runner.kept.get('commit-statuses'),
    said: () => sent.map(({ said }) => said),
    seconds: () => sent.map(({ seconds }) => seconds),
    warnings: () => runner.annotations.map(({ message }) => message),
    settle: commitStatus.settle,
    submit: (...given: Parameters<typeof submittedJob>) => {
      commitStatus.submitted(submittedJob(...given));
    },
    change: (status: string, index = 0) => {
      commitStatus.statusChanged(submittedJob(index), { status, atMs: clock.now() });
    },
    end: (result: Result, index = 0) => {
      const { ref, job } = submittedJob(index);
      commitStatus.ended(fakeOutcome({ ref, job, result, timeline: [], runs: [] }));
    },
  };
}

describe('a job', () => {
  test('says that it is queued, runs and has ended', async () => {
    const { clock, said, submit, change, end, settle } = open();
    submit();
    await clock.advance(60_000);
    change('RUNNING');
    await clock.advance(60_000);
    change('COMPLETED');
    end('succeeded');
    await settle(never);
    expect(said()).toEqual([
      'pending: Queued since 2026-03-01 03:14 UTC',
      'pending: Running since 2026-03-01 03:15 UTC',
      'success: Succeeded',
    ]);
  });

  test('that was there before does not say since when', async () => {
    const { clock, said, submit } = open({ jobs: 2 });
    submit(0, 'given', 'DEFROSTING');
    submit(1, 'attached', 'RUNNING');
    await clock.advance(100);
    expect(said()).toEqual(['pending: Defrosting', 'pending: Running']);
  });

  test.each([
    ['succeeded', [false, undefined]],
    ['detached', [false, true]],
    ['running', [false, true]],
  ] as const)('%s: while it is pending it names its job', async (result, isLeft) => {
    const { clock, sent, submit, end, settle } = open();
    submit();
    await clock.advance(100);
    end(result);
    await clock.advance(6_000);
    await settle(never);
    expect(sent.map(({ pending }) => pending?.isLeft)).toEqual(isLeft);
    const { uuid } = fakeJob({});
    for (const { pending } of sent) expect(pending?.jobUuid ?? uuid).toBe(uuid);
  });

  test('that is not waited for has one status', async () => {
    const { said, submit, end, settle } = open();
    submit();
    end('submitted');
    await settle(never);
    expect(said()).toEqual(['pending: Submitted']);
  });

  test('sends once in 5 s at most, the latest, and not two at once', async () => {
    const { clock, said, seconds, change, end } = open({ answers: ['slow', 201] });
    for (let nth = 0; nth < 8; nth += 1) {
      change(`STAGE_${nth}`);
      await clock.advance(1_000);
    }
    end('succeeded');
    await clock.advance(10_000);
    expect(said().map((each) => each.replace(/ since.*/, ''))).toEqual([
      'pending: Stage_0',
      'success: Succeeded',
    ]);
    expect(seconds()[1]).toBeGreaterThanOrEqual(9);
    expect(seconds()[1]).toBeLessThan(9.5);
  });

  test('does not lose what comes while another is under way', async () => {
    const { clock, said, submit, end, settle } = open({ answers: ['slow', 201] });
    submit();
    await clock.advance(1_000);
    end('succeeded');
    const settled = settle(never);
    await clock.advance(9_000);
    await settled;
    expect(said().at(-1)).toBe('success: Succeeded');
  });

  test('waits for no other job', async () => {
    const { clock, sent, submit } = open({ jobs: 2, answers: ['hang', 201] });
    submit(0);
    submit(1);
    await clock.advance(1_000);
    expect(sent.map(({ context }) => context)).toEqual(['dispersed / Job 0', 'dispersed / Job 1']);
  });
});

describe('trouble', () => {
  const limited = { status: 403, headers: { 'retry-after': '60' } };
  const spent = { status: 403, headers: { 'x-ratelimit-remaining': '0' } };

  test.each<[string, readonly Answer[], number, number]>([
    ['a transient error', [502, 201], 2, 0],
    ['an outage', [500], 6, 1],
    ['a secondary rate limit that goes by', [limited, 201], 2, 0],
    ['the rate limit, which goes on', [spent], 2, 0],
    ['one that is not wanted', [422], 1, 1],
    ['no permission', [403], 1, 1],
  ])('%s', async (_, answers, requests, warnings) => {
    const status = open({ answers });
    status.submit();
    await status.clock.advance(70_000);
    expect([status.sent.length, status.warnings().length]).toEqual([requests, warnings]);
  });

  test.each<[Answer, number]>([
    [500, 22],
    [422, 4],
    [404, 1],
  ])('is one warning for all jobs, and nothing is asked in vain (%p)', async (answer, requests) => {
    const status = open({ jobs: 2, answers: [answer] });
    status.submit(0);
    await status.clock.advance(60_000);
    status.submit(1);
    await status.clock.advance(60_000);
    status.end('failed', 0);
    status.end('failed', 1);
    const settled = status.settle(never);
    await status.clock.advance(20_000);
    await settled;
    expect([status.sent.length, status.warnings().length]).toEqual([requests, 1]);
  });

  test.each([
    [401, false],
    [403, true],
    [404, true],
    [422, false],
    [500, false],
  ])('HTTP %i names the permission: %p', async (answer, isNamed) => {
    const status = open({ answers: [answer] });
    status.submit();
    await status.clock.advance(60_000);
    expect(status.warnings()[0]?.includes('statuses: write')).toBe(isNamed);
  });
});

test.each([
  ['no token', { 'github-token': undefined }, run],
  ['no commit', {}, { ...run, sha: '' }],
  ['no workflow run', {}, null],
])('with %s it warns at once, and asks nothing', async (_, given, of) => {
  const runner = rememberingRunner({});
  const inputs = { 'commit-status': true, 'github-token': 't', ...given };
  const deps = { ...fakeDeps(runner, manualClock()), openGitHub: noGitHub };
  const commitStatus = openCommitStatus(inputs, [jobRef(0, 'Job', null)], of, deps);
  commitStatus.ended(fakeOutcome({ result: 'failed' }));
  await commitStatus.settle(never);
  const [{ title, message } = { title: '', message: '' }, ...others] = runner.annotations;
  expect([title, others]).toEqual(['The commit status could not be set', []]);
  expect(message).toMatch(
    /^The (?:input github-token is empty\. Remove|commit .* is unknown\. Set)/,
  );
});

describe('settling', () => {
  test('leaves to post what there was no time for', async () => {
    const { clock, submit, settle, kept } = open({ answers: ['hang'] });
    submit();
    const settled = settle(never);
    await clock.advance(12_000);
    await settled;
    expect(kept()).toBe(run.sha);
  });

  test.each<[string, Answer, string]>([
    ['an expired token', 401, run.sha],
    ['an outage', 503, run.sha],
    // Post has no other token.
    ['a missing permission', 403, ''],
    ['too many statuses', 422, ''],
  ])('with %s leaves to post what it may still set', async (_, answer, left) => {
    const { clock, submit, end, settle, kept, warnings } = open({ answers: [201, answer] });
    submit();
    await clock.advance(6_000);
    end('succeeded');
    const settled = settle(never);
    await clock.advance(30_000);
    await settled;
    expect(kept()).toBe(left);
    expect(warnings()).toHaveLength(1);
  });

  test('leaves nothing where all was set', async () => {
    const { submit, settle, kept } = open();
    submit();
    expect(kept()).toBe(run.sha);
    await settle(never);
    expect(kept()).toBe('');
  });

  test('ends within seconds while GitHub hangs', async () => {
    const { clock, submit, settle, warnings } = open({ answers: ['hang', 'hang', 'hang'] });
    submit();
    let isSettled = false;
    const settled = settle(never).then(() => {
      isSettled = true;
    });
    await clock.advance(9_500);
    expect(isSettled).toBe(false);
    await clock.advance(2_000);
    await settled;
    expect(warnings()).toHaveLength(1);
  });

  test('sends the last ones at once', async () => {
    const { clock, said, seconds, submit, end, settle } = open();
    submit();
    await clock.advance(1_000);
    end('cancelled');
    await settle(never);
    expect(said().at(-1)).toBe('error: Canceled');
    expect(seconds().at(-1)).toBe(1);
  });

  test('ends within 2 s of the signal while GitHub hangs', async () => {
    const { clock, submit, settle } = open({ answers: ['hang'] });
    submit();
    await clock.advance(1_000);
    let isSettled = false;
    const settled = settle(AbortSignal.abort()).then(() => {
      isSettled = true;
    });
    await clock.advance(2_000);
    expect(isSettled).toBe(true);
    await settled;
  });

  test('with nothing to send is over at once', async () => {
    await expect(open().settle(never)).resolves.toBeUndefined();
  });
});

describe('the address of a pending status', () => {
  const page = 'https://ghe.acme.com/acme/renders/actions/runs/4711';
  const { uuid: jobUuid } = fakeJob({});

  test.each([true, false])('tells of its job again, left: %s', (isLeft) => {
    const url = pendingUrl(page, { jobUuid, isLeft });
    expect(url.startsWith(`${page}#`)).toBe(true);
    expect(parsePendingUrl(url)).toEqual({ page, runId: '4711', jobUuid, isLeft });
  });

  const left = `#dispersed-left-${jobUuid}`;

  test.each([
    null,
    '',
    page,
    `${page}#dispersed-left-`,
    `${page}#dispersed-done-${jobUuid}`,
    `javascript:alert(1)/actions/runs/4711${left}`,
    `https://a.b/\u0000/actions/runs/4711${left}`,
    `https://a.b/#1\n/actions/runs/4711${left}`,
  ])('%j is none', (url) => {
    expect(parsePendingUrl(url)).toBeNull();
  });
});
