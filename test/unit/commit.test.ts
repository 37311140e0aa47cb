import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readCommitSha } from '../../src/github/commit.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const pushed = 'a'.repeat(40);
const head = 'b'.repeat(40);
const folder = mkdtempSync(join(tmpdir(), 'event-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function eventFile(text: string): string {
  files += 1;
  const file = join(folder, `${files}.json`);
  writeFileSync(file, text);
  return file;
}

const read = async (env: Readonly<Record<string, string>>) =>
  readCommitSha(rememberingRunner({}, new Map(), { GITHUB_SHA: pushed, ...env }));

const pullRequest = JSON.stringify({ pull_request: { head: { sha: head } }, number: 7 });

describe('the commit', () => {
  test('is the one that was pushed', async () => {
    expect(await read({ GITHUB_EVENT_NAME: 'push', GITHUB_EVENT_PATH: '/nowhere' })).toBe(pushed);
  });

  test.each(['pull_request', 'pull_request_target', 'pull_request_review'])(
    'is the head of the pull request on %s',
    async (name) => {
      const env = { GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: eventFile(pullRequest) };
      expect(await read(env)).toBe(head);
    },
  );

  test.each([
    ['no event', ''],
    ['an event that is no JSON', '{'],
    ['an event without a head', '{"pull_request":{"head":null}}'],
    ['a head that is no commit', '{"pull_request":{"head":{"sha":"../../x"}}}'],
  ])('%s', async (_, text) => {
    const env = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: eventFile(text) };
    expect(await read(env)).toBe('');
  });

  test('is not made up', async () => {
    expect(await read({ GITHUB_SHA: 'main' })).toBe('');
  });
});
