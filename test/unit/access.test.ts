import { describe, expect, test } from '@jest/globals';
import { accessInputs } from '../../src/inputs/access.ts';
import { tryInputs, type Input } from '../../src/inputs/read.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { read } from '../support/parse.ts';

const { 'public-key': publicKey, 'secret-key': secretKey, 'api-url': apiUrl } = accessInputs;

function parserOf(declared: Input) {
  return (given: string) => declared.read(given, rememberingRunner({}));
}

test.each([
  [publicKey, 'pk_1', 'pk_1'],
  [secretKey, 'sk_1', 'sk_1'],
  [secretKey, 'anything', 'anything'],
  [
    publicKey,
    'sk_1',
    '! contains the secret key (sk_…) instead of the public key: check that the two are not swapped',
  ],
  [
    secretKey,
    'pk_1',
    '! contains the public key (pk_…) instead of the secret key: check that the two are not swapped',
  ],
])('%#', (declared, given, result) => {
  expect(read(parserOf(declared), given)).toBe(result);
});

describe('api-url', () => {
  test.each([
    ['https://api.compute.x.io', 'https://api.compute.x.io/'],
    ['https://api.dispersed.com/', 'https://api.dispersed.com/'],
    ['https://staging.example:8443', 'https://staging.example:8443/'],
    ['http://localhost:1234', 'http://localhost:1234/'],
    ['http://127.1.2.3', 'http://127.1.2.3/'],
    ['http://[::1]:80', 'http://[::1]/'],
  ])('%s is an address', (given, href) => {
    expect(read(parserOf(apiUrl), given)).toMatchObject({ href });
  });

  test.each([
    '//api.dispersed.com',
    'http://127.0.0.1.example.com',
    'http://127.0.0.1@example.com',
    'http://example.com#@127.0.0.1',
    'http://0.0.0.0',
    'http://[::ffff:10.0.0.1]',
    'ws://127.0.0.1',
    'javascript:alert(1)',
  ])('%s is none', (given) => {
    expect(read(parserOf(apiUrl), given)).toMatch(/^! /);
  });
});

describe('an empty secret', () => {
  function complaint(env: Readonly<Record<string, string>>) {
    const runner = rememberingRunner({ 'public-key': 'pk_1', 'secret-key': ' ' }, new Map(), env);
    const { problems } = tryInputs(runner, accessInputs);
    expect(problems.map(({ input }) => input)).toEqual(['secret-key']);
    return problems[0]?.message ?? '';
  }

  test('names the places it may come from', () => {
    const message = complaint({});
    expect(message).toMatch(
      /^is empty\. Store both keys .* such as DISPERSED_PUBLIC_KEY and DISPERSED_SECRET_KEY, /,
    );
    expect(message).toContain('`secrets: inherit`');
    expect(message).toContain('`environment:`');
    expect(message).not.toContain('fork');
  });

  test('is one problem where both are empty', () => {
    const runner = rememberingRunner({ 'public-key': '', 'secret-key': ' ' });
    expect(tryInputs(runner, accessInputs).problems).toEqual([
      {
        input: 'public-key and secret-key',
        message: expect.stringMatching(
          /^are empty\. Store both keys .* such as DISPERSED_PUBLIC_KEY and DISPERSED_SECRET_KEY, /,
        ),
      },
    ]);
  });

  test('of a workflow that Dependabot has started is a Dependabot secret', () => {
    const message = complaint({ GITHUB_ACTOR: 'dependabot[bot]' });
    expect(message).toMatch(
      /^is empty: .* get only Dependabot secrets\. Store DISPERSED_PUBLIC_KEY and DISPERSED_SECRET_KEY /,
    );
    expect(message).not.toContain('inherit');
  });

  test('of a pull request from a fork is not passed at all', () => {
    const message = complaint({ GITHUB_EVENT_NAME: 'pull_request' });
    expect(message).toMatch(/^is empty\. GitHub .* Otherwise, store both keys /);
    expect(message).toContain(
      'GitHub does not pass secrets to workflows that a pull request from a fork triggers',
    );
  });
});
