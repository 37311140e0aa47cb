import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CommitStatusError, type CommitStatusTrouble } from '../../src/errors.ts';
import { systemClock, type Clock } from '../../src/clock.ts';
import { noRunData, type Outcome, type JobRef } from '../../src/jobs/records.ts';
import type { Result } from '../../src/jobs/results.ts';
import { openContextBook } from '../../src/report/status-context.ts';
import { openLane, type Message } from '../../src/report/status-lane.ts';
import { createSender } from '../../src/report/status-sender.ts';
import { describeDoing, describeEnd } from '../../src/report/status-text.ts';
import { rememberingRunner } from '../support/runner.ts';

const subject = (index: number, title: string | null, recipeUuid: string | null): JobRef => ({
  index,
  title,
  recipeUuid,
  jobUuid: null,
  namesRegions: false,
});

const outcome = (result: Result, error: Error | null = null): Outcome => ({
  subject: subject(0, null, 'r'),
  ...noRunData,
  result,
  job: null,
  origin: null,
  submittedAtMs: null,
  timeline: [],
  ending: null,
  error,
});

describe('words', () => {
  test.each([
    ['PENDING', 'Queued'],
    ['RUNNING', 'Running'],
    ['DEFROSTING', 'Defrosting'],
  ])('%s', (status, word) => {
    const atMs = Date.UTC(2026, 2, 1, 3, 14, 15);
    expect(describeDoing({ status, atMs })).toBe(`${word} since 2026-03-01 03:14 UTC`);
  });

  test.each([
    ['succeeded', 'success'],
    ['running', 'success'],
    ['submitted', 'pending'],
    ['detached', 'pending'],
    ['failed', 'failure'],
    ['cancelled', 'error'],
    ['timed-out', 'error'],
    ['error', 'error'],
  ] as const)('%s is %s', (result, state) => {
    expect(describeEnd(outcome(result)).state).toBe(state);
  });

  test('GitHub takes them, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.array(fc.constantFrom('##[', '😀', '\ud83d', '\r', 'é', 'x')).map((each) => each.join('')),
    );
    fc.assert(
      fc.property(text, (foreign) => {
        const { description } = describeEnd(outcome('error', new Error(foreign)));
        const context = openContextBook([])(subject(0, null, null), foreign);
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
    const subjects = [subject(0, null, 'a'), subject(1, 'T', 'a'), subject(2, null, 'a')];
    const contextFor = openContextBook(subjects);
    const [first, titled, third] = subjects;
    expect(
      [third, titled, first].map((each) => each && contextFor(each, each.title ?? 'A')),
    ).toEqual(['dispersed / A (2)', 'dispersed / T', 'dispersed / A']);
  });

  test('two recipes of one name do not share a context', () => {
    const subjects = [subject(0, null, 'a'), subject(1, null, 'b')];
    const contextFor = openContextBook(subjects);
    expect(subjects.map((each) => contextFor(each, 'Same'))).toEqual([
      'dispersed / Same',
      'dispersed / Same (2)',
    ]);
  });

  test('a title of nothing that GitHub takes', () => {
    expect(openContextBook([])(subject(0, null, null), '😀\u0000')).toBe('dispersed / untitled');
  });
});

const pending = (description: string): Message => ({ state: 'pending', description });

describe('a lane', () => {
  function laneThat(send: (message: Message) => Promise<void>, restMs: number) {
    const sent: string[] = [];
    const lane = openLane({
      inTurn: async (work) => work(),
      send: async (message) => {
        await send(message);
        sent.push(message.description);
      },
      rest: async (hurry) => systemClock.sleep(restMs, hurry),
    });
    return { sent, lane };
  }

  test('leaves out what was replaced, and what is no change', async () => {
    const { sent, lane } = laneThat(async () => {}, 40);
    for (const each of ['a', 'a', 'b', 'c']) lane.say(pending(each));
    await lane.idle();
    lane.say(pending('c'));
    await lane.idle();
    lane.say(pending('a'));
    await lane.idle();
    expect(sent).toEqual(['a', 'c', 'a']);
  });

  test('rests between two, and not any more once it is to hurry', async () => {
    const { sent, lane } = laneThat(async () => {}, 60_000);
    lane.say(pending('a'));
    await delay(10);
    lane.say(pending('b'));
    await delay(10);
    expect(sent).toEqual(['a']);
    lane.hurry();
    lane.say(pending('c'));
    await lane.idle();
    expect(sent).toEqual(['a', 'c']);
  });

  test('sends the last one after all others, however slow they are', async () => {
    const { sent, lane } = laneThat(
      async ({ description }) => delay(description === 'a' ? 30 : 0),
      0,
    );
    lane.say(pending('a'));
    await delay(10);
    lane.hurry();
    lane.say(pending('b'));
    await lane.idle();
    expect(sent).toEqual(['a', 'b']);
  });
});

describe('a sender', () => {
  const status = { context: 'c', ...pending('d') };
  const impatient: Clock = { now: Date.now, sleep: async () => {} };
  const always = () => true;
  const { signal } = new AbortController();

  function senderThat(...troubles: readonly (CommitStatusTrouble | 'ours' | undefined)[]) {
    const runner = rememberingRunner({});
    let tries = 0;
    const send = createSender({
      runner,
      clock: impatient,
      random: Math.random,
      set: async () => {
        const trouble = troubles[Math.min(tries, troubles.length - 1)];
        tries += 1;
        if (trouble === 'ours') throw new Error('no commit');
        if (trouble !== undefined) throw new CommitStatusError(trouble, 'said', null);
      },
    });
    return { send, warnings: () => runner.annotations.length, tries: () => tries };
  }

  test.each([
    ['one that works', [undefined], 2, 0],
    ['a blip', ['retryable', 'retryable', undefined], 4, 0],
    ['an outage', ['retryable'], 8, 1],
    ['one that is not wanted', ['refused'], 2, 1],
    ['no permission', ['forbidden'], 1, 1],
    ['no commit to set it on', ['ours'], 1, 1],
  ] as const)('%s, twice', async (_, troubles, tries, warnings) => {
    const sender = senderThat(...troubles);
    await sender.send(status, always, signal);
    await sender.send(status, always, signal);
    expect([sender.tries(), sender.warnings()]).toEqual([tries, warnings]);
  });

  test('what is no longer the latest is not tried again', async () => {
    const sender = senderThat('retryable');
    await sender.send(status, () => false, signal);
    expect([sender.tries(), sender.warnings()]).toEqual([1, 0]);
  });

  test('nothing is tried again once time is up', async () => {
    const sender = senderThat('retryable');
    await sender.send(status, always, AbortSignal.abort());
    expect([sender.tries(), sender.warnings()]).toEqual([1, 1]);
  });
});
