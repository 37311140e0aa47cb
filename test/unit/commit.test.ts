import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readCommitSha } from '../../src/github/commit-status.ts';
import type { SendToGitHub } from '../../src/github/octokit.ts';
import { noGitHub, refusal } from '../github/in-process.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeDeps } from '../support/deps.ts';

const pushed = 'a'.repeat(40);
const head = 'b'.repeat(40);
const given = 'c'.repeat(64);
const folder = mkdtempSync(join(tmpdir(), 'event-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function eventFile(text: string): string {
  files += 1;
  const file = join(folder, `${files}.json`);
  writeFileSync(file, text);
  return file;
}

interface Step {
  readonly event: string;
  /** The text of the event's file. */
  readonly text?: string;
  readonly sha?: string;
  readonly inputs?: Partial<Parameters<typeof readCommitSha>[1]>;
  readonly send?: SendToGitHub;
}

/** Reads the commit of a step, and what is printed meanwhile. */
async function read({ event, text = '{}', sha = pushed, inputs = {}, send }: Step) {
  const env = {
    GITHUB_SHA: sha,
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: eventFile(text),
  };
  const runner = rememberingRunner({}, new Map(), env);
  const openGitHub = send === undefined ? noGitHub : () => send;
  const deps = { ...fakeDeps(runner, createMadeUpClock()), openGitHub };
  const asked = { 'commit-sha': undefined, 'commit-status': true, 'github-token': 't' };
  return { sha: await readCommitSha(deps, { ...asked, ...inputs }), lines: runner.lines };
}

const pullRequest = JSON.stringify({ pull_request: { head: { sha: head } }, number: 7 });
const comment = JSON.stringify({ issue: { number: 7, pull_request: { url: 'x' } } });

describe('the commit', () => {
  test.each<[string, Step, string]>([
    ['is the one that was pushed', { event: 'push' }, pushed],
    ['is the one that was given', { event: 'push', inputs: { 'commit-sha': given } }, given],
    [
      'is the one that was given, in a pull request too',
      { event: 'pull_request', text: pullRequest, inputs: { 'commit-sha': given } },
      given,
    ],
    ['is not made up', { event: 'push', sha: 'main' }, ''],
    [
      'is that of the run that has started the workflow',
      { event: 'workflow_run', text: JSON.stringify({ workflow_run: { head_sha: head } }) },
      head,
    ],
    ['of another run is not made up', { event: 'workflow_run', text: '{}' }, pushed],
    [
      'of a comment on an issue',
      { event: 'issue_comment', text: '{"issue":{"number":7}}' },
      pushed,
    ],
    [
      'of a comment is not asked for without a commit status',
      { event: 'issue_comment', text: comment, inputs: { 'commit-status': false } },
      pushed,
    ],
  ])('%s', async (_, step, sha) => {
    expect(await read(step)).toEqual({ sha, lines: [] });
  });

  test.each(['pull_request', 'pull_request_target', 'pull_request_review'])(
    'is the head of the pull request on %s',
    async (event) => {
      expect((await read({ event, text: pullRequest })).sha).toBe(head);
    },
  );

  test.each([
    ['no event', ''],
    ['an event that is no JSON', '{'],
    ['an event without a head', '{"pull_request":{"head":null}}'],
    ['a head that is no commit', '{"pull_request":{"head":{"sha":"../../x"}}}'],
  ])('of a pull request is not known with %s', async (_, text) => {
    expect((await read({ event: 'pull_request', text })).sha).toBe('');
  });
});

describe('a comment on a pull request', () => {
  const step = { event: 'issue_comment', text: comment };

  test('has the head of the pull request', async () => {
    const asked: unknown[] = [];
    const send: SendToGitHub = async (route, parameters) => {
      asked.push([route, parameters]);
      return { head: { sha: head } };
    };
    expect(await read({ ...step, send })).toEqual({ sha: head, lines: [] });
    const place = { owner: 'acme', repo: 'renders', pull_number: 7 };
    expect(asked).toEqual([['GET /repos/{owner}/{repo}/pulls/{pull_number}', place]]);
  });

  test.each<[string, SendToGitHub]>([
    ['may not be read', async () => Promise.reject(refusal(403))],
    ['has no head', async () => ({})],
    ['is limited for an hour', async () => Promise.reject(refusal(429, { 'retry-after': '3600' }))],
    ['is not answered', async () => new Promise<never>(() => {})],
  ])('that %s leaves GITHUB_SHA, and says what helps', async (_, send) => {
    const { sha, lines } = await read({ ...step, send });
    expect(sha).toBe(pushed);
    expect(lines).toEqual([expect.stringContaining('pull-requests: read')]);
  });
});
