import { expect, test } from '@jest/globals';
import { hideSecrets, secretsIn } from '../../src/service/secret-fields.ts';
import type { JsonMapping } from '../../src/service/sign.ts';

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
  [
    'what may be the half of a secret in place of a name',
    { env: { HF_TOKEN: 'a', S3_KEY_2: 'b', MIIEpAIBAAKCAQEA: 'c', deadbeef0123: 'd' } },
    { env: { HF_TOKEN: '***', S3_KEY_2: '***', ['***']: '***' } },
  ],
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

test('the secrets of a body are those that are by their name, and those that may be', () => {
  const parameters = {
    image: 'ubuntu',
    secret: 'a',
    sshkey: 'b',
    env: { A: 'c', B: 4, C: true, D: null },
    volumes: [{ mount: '/m', secret: 'd', odd: ['e'] }],
    vault: { f: ['f', 6] },
  };
  const job = {
    ...cookOf(parameters),
    container_access_tokens: [{ token: 'g', uuid: 'not one' }, 'odd'],
    job_snapshot: cookOf({ secret: 'h' }),
    payload: cookOf({ env: { E: 'i' } }),
  };
  expect(secretsIn(job)).toEqual({
    secrets: ['a', 'b', 'd', 'g', 'h'],
    values: ['c', '4', 'e', 'f', '6', 'i'],
  });
  for (const odd of [null, 'text', [], {}, { container_access_tokens: 'odd', payload: [] }])
    expect(secretsIn(odd)).toEqual({ secrets: [], values: [] });
});
