import { describe, expect, test } from '@jest/globals';
import { accessInputs } from '../../src/inputs/access.ts';
import { read } from '../support/parse.ts';

const { 'public-key': publicKey, 'secret-key': secretKey, 'api-url': apiUrl } = accessInputs;

test.each([
  [publicKey, 'pk_1', 'pk_1'],
  [secretKey, 'sk_1', 'sk_1'],
  [secretKey, 'anything', 'anything'],
  [
    publicKey,
    'sk_1',
    '! contains the secret key (sk_…) instead of the public key; are the two swapped?',
  ],
  [
    secretKey,
    'pk_1',
    '! contains the public key (pk_…) instead of the secret key; are the two swapped?',
  ],
])('%#', ({ parse }, given, result) => {
  expect(read(parse, given)).toBe(result);
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
    expect(read(apiUrl.parse, given)).toMatchObject({ href });
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
    expect(read(apiUrl.parse, given)).toMatch(/^! /);
  });
});
