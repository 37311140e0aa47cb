import { expect, test } from '@jest/globals';
import { GitHubError, type GitHubTrouble } from '../../src/errors.ts';
import { graphqlRoute, type SendToGitHub } from '../../src/github/octokit.ts';
import { readPendingStatuses } from '../../src/github/statuses.ts';
import { clientOn, refusal } from '../github/in-process.ts';
import { uuidNumber } from '../support/outcomes.ts';

const url = `https://github.com/acme/renders/actions/runs/1#dispersed-left-${uuidNumber(1)}`;
const shasOf = (count: number) =>
  Array.from({ length: count }, (_, index) => String(index).padStart(40, '0'));

const failures: Readonly<Record<GitHubTrouble, Error>> = {
  unauthorized: refusal(401),
  forbidden: refusal(403),
  refused: refusal(422),
  internal: new Error('no'),
  limited: refusal(429),
  unavailable: refusal(502),
};

/** Reads the statuses of so many commits, each of which has one, where GraphQL fails in this way. */
async function read(count: number, trouble: GitHubTrouble) {
  const routes: string[] = [];
  const over = new AbortController();
  const send: SendToGitHub = async (route, parameters) => {
    routes.push(route);
    if (route === graphqlRoute) {
      // Else it would be waited for.
      if (trouble === 'limited') over.abort();
      throw failures[trouble];
    }
    const context = `dispersed / ${String(parameters['ref'])}`;
    return { statuses: [{ context, state: 'pending', target_url: url }] };
  };
  const statuses = await readPendingStatuses(
    clientOn(send, { signal: over.signal }),
    shasOf(count),
  );
  return { statuses, routes };
}

test('up to 20 commits are read one by one', async () => {
  const { statuses, routes } = await read(20, 'forbidden');
  expect(statuses.map(({ sha }) => sha)).toEqual(shasOf(20));
  expect(routes).not.toContain(graphqlRoute);
});

test.each<GitHubTrouble>(['unauthorized', 'forbidden', 'refused', 'internal'])(
  'more are too where GraphQL is %s',
  async (trouble) => {
    const { statuses, routes } = await read(21, trouble);
    expect(routes[0]).toBe(graphqlRoute);
    expect(statuses.map(({ sha, context }) => [sha, context])).toEqual(
      shasOf(21).map((sha) => [sha, `dispersed / ${sha}`]),
    );
  },
);

test('but no more than 100: GitHub limits a token by the hour', async () => {
  const { statuses } = await read(150, 'forbidden');
  expect(statuses).toHaveLength(100);
});

test.each<GitHubTrouble>(['limited', 'unavailable'])(
  'GraphQL that is %s is not a reason to ask more often',
  async (trouble) => {
    await expect(read(21, trouble)).rejects.toThrow(GitHubError);
  },
);
