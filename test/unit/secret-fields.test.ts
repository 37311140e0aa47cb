import { expect, test } from '@jest/globals';
import { findSecrets, hideSecrets } from '../../src/service/secret-fields.ts';
import type { JsonMapping } from '../../src/service/json.ts';

const cookOf = (parameters: JsonMapping): JsonMapping => ({
  title: 'Shown',
  parameters: { type: 'docker', parameters },
});

test.each<[string, JsonMapping, JsonMapping]>([
  ['nothing', {}, {}],
  [
    'what may be shown',
    { image: 'a', tag: 'b', ports: [80] },
    { image: 'a', tag: 'b', ports: [80] },
  ],
  ['logins', { host: 'h', user: 'u', secret: 's' }, { host: 'h', user: 'u', secret: '***' }],
  ['env', { env: { A: 'a', ['__proto__']: 'b' } }, { env: { A: '***', ['__proto__']: '***' } }],
  ['env of an odd shape', { env: ['A=a'] }, { env: '***' }],
  [
    'volumes',
    { volumes: [{ mount: '/a', secret: 's', odd: { a: 'b' } }, 'odd'] },
    { volumes: [{ mount: '/a', secret: '***', odd: '***' }, '***'] },
  ],
  ['volumes of an odd shape', { volumes: { secret: 's' } }, { volumes: '***' }],
  ['keys', { sshkey: 'ssh-rsa AAAA' }, { sshkey: '***' }],
  ['what nobody knows', { vault: { token: 't' }, flag: true }, { vault: '***', flag: '***' }],
  ['null', { secret: null, env: null, odd: null }, { secret: null, env: null, odd: null }],
  ['what is left out', { secret: undefined, tag: 'a' }, { tag: 'a' }],
])('%s', (_, parameters, shown) => {
  expect(JSON.stringify(hideSecrets(cookOf(parameters)))).toBe(JSON.stringify(cookOf(shown)));
});

test('a cook without a container is shown as it is', () => {
  const { title } = cookOf({});
  expect(hideSecrets({ title, parameters: undefined })).toEqual({ title });
});

test('credentials are found by what they are or are called, and apart from other values', () => {
  const parameters = {
    image: 'ubuntu',
    secret: 'a',
    sshkey: 'ssh-ed25519 AAAA',
    env: { A: 'c', B: 4, C: true, D: null, image: 'd', API_KEY: 'long enough', SHORT_KEY: 'short' },
    volumes: [{ mount: '/m', secret: 'e', odd: ['f'] }],
    vault: { password: 'long enough, too', f: 6 },
  };
  const job = {
    ...cookOf(parameters),
    container_access_tokens: [{ token: 'g', uuid: 'not one' }, 'odd'],
    job_snapshot: cookOf({ secret: 'h' }),
    payload: cookOf({ env: { E: 'i', HF_TOKEN: 12_345_678 } }),
  };
  expect(findSecrets(job)).toEqual({
    credentials: ['a', 'long enough', 'e', 'long enough, too', 'g', '12345678', 'h'],
    values: ['ssh-ed25519 AAAA', 'c', '4', 'd', 'short', 'i'],
  });
  for (const odd of [null, 'text', [], {}, { container_access_tokens: 'odd', payload: [] }])
    expect(findSecrets(odd)).toEqual({ credentials: [], values: [] });
});
