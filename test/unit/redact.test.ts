import { expect, test } from '@jest/globals';
import { redact, withoutSecrets } from '../../src/api/redact.ts';
import type { JsonMapping } from '../../src/api/sign.ts';

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
  expect(JSON.stringify(redact(cookOf(parameters)))).toBe(JSON.stringify(cookOf(shown)));
});

test('a cook without a container is shown as it is', () => {
  const { title } = cookOf({});
  expect(redact({ title, parameters: undefined })).toEqual({ title });
});

test.each<[string, JsonMapping, string, string]>([
  ['an innocent text', { env: { A: 'secret' } }, 'image is missing', 'image is missing'],
  ['a value', { env: { A: 'hunter2' } }, '"hunter2" is bad: hunter2', '"***" is bad: ***'],
  ['a longer value first', { env: { A: 'hunt', B: 'hunter2' } }, 'hunter2', '***'],
  ['values too short to be secrets', { env: { A: '1', B: '' } }, 'line 1', 'line 1'],
  ['what may be shown', { image: 'ubuntu' }, 'no image ubuntu', 'no image ubuntu'],
  ['nested values', { odd: [{ a: 'deep-one' }, null] }, 'a deep-one', 'a ***'],
])('%s in an answer', (_, parameters, text, shown) => {
  expect(withoutSecrets(text, cookOf(parameters))).toBe(shown);
});

test('a request without a body has no secrets', () => {
  expect(withoutSecrets('text', undefined)).toBe('text');
});
