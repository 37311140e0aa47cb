import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Json, JsonMapping } from '../../src/service/json.ts';
import { createRedactor, findSecrets, hideSecrets } from '../../src/service/redactor.ts';
import { cpuMsOf } from '../support/cpu.ts';
import { writtenFormsOf } from '../support/written.ts';

const cookOf = (parameters: Readonly<Record<string, Json>>) => ({
  parameters: { type: 'docker', parameters },
});

function redactorOf(env: Readonly<Record<string, Json>>) {
  const masked: string[] = [];
  const redactor = createRedactor((line) => masked.push(line));
  redactor.addSent(cookOf({ env }));
  return { ...redactor, masked };
}

const name = fc.stringMatching(/^[A-Z][A-Z_]{0,12}$/);
const endings = ['TOKEN', 'SECRET', 'PASSWORD', 'KEY', 'CREDENTIALS'];
const plainName = name.filter((text) => endings.every((ending) => !text.endsWith(ending)));
const text = fc.string({ unit: 'binary', maxLength: 40 });

describe('what a container says is the user’s own', () => {
  test('with an environment without names of credentials it stays as it is', () => {
    fc.assert(
      fc.property(fc.dictionary(plainName, text), text, fc.jsonValue(), (env, around, value) => {
        const { redact, redactJson, masked } = redactorOf(env);
        const line = `${around}${Object.values(env).join(around)}`;
        expect(redact(line)).toBe(line);
        const report = { line, value: value as Json, [line]: 100_000 };
        expect(JSON.stringify(redactJson(report))).toBe(JSON.stringify(report));
        expect(masked).toEqual([]);
      }),
    );
  });

  test('the model and the steps of a sweep, say', () => {
    const { redact, redactJson } = redactorOf({ MODEL: 'resnet50', STEPS: '100000' });
    expect(redact('Loading resnet50')).toBe('Loading resnet50');
    const report = { model: 'resnet50', steps: 100_000, accuracy: 0.9375 };
    expect(redactJson(report)).toEqual(report);
  });
});

describe('a credential', () => {
  const secret = fc
    .string({ unit: 'binary', minLength: 8, maxLength: 40 })
    .filter((value) => value.trim().length >= 8 && !value.includes('***'));
  const ending = fc.constantFrom(...endings);

  test('never appears as it is, nor as JSON, a URL or base64 write it', () => {
    fc.assert(
      fc.property(name, ending, secret, text, text, (start, end, value, before, after) => {
        const { redact, redactServiceText, redactJson } = redactorOf({
          [`${start}_${end}`]: value,
        });
        for (const form of writtenFormsOf(value)) {
          const line = before + form + after;
          expect(redact(line)).not.toContain(form);
          expect(redactServiceText(line)).not.toContain(form);
          expect(JSON.stringify(redactJson({ [line]: [line] }))).not.toContain(form);
        }
      }),
    );
  });

  test.each<[string, Readonly<Record<string, Json>>]>([
    ['by its name', { HF_TOKEN: 'hunter2-x' }],
    ['by a name in small letters', { api_key: 'hunter2-x' }],
    ['with white space around it', { PASSWORD: ' hunter2-x\n' }],
    ['with a shorter one in it', { KEY: 'hunter2-x', OTHER_KEY: 'hunter2-' }],
  ])('%s is taken out and masked', (_, env) => {
    const { redact, masked } = redactorOf(env);
    expect(redact('hunter2-x, "hunter2-x"')).toBe('***, "***"');
    expect(masked[0]).toBe('hunter2-x');
  });

  test('of several lines is masked line by line, but for short ones', () => {
    const key =
      '-----BEGIN KEY-----\r\nb3BlbnNzaC1rZXktdjEAAA\n  QyNTUxOQAA\n+/8=\n-----END KEY-----\n';
    const { redact, masked } = redactorOf({ DEPLOY_KEY: key });
    const lines = [
      '-----BEGIN KEY-----',
      'b3BlbnNzaC1rZXktdjEAAA',
      'QyNTUxOQAA',
      '-----END KEY-----',
    ];
    expect(masked).toEqual(lines);
    expect(redact(key)).toBe('***');
    expect(redact('see QyNTUxOQAA and +/8=')).toBe('see *** and +/8=');
  });

  test('is none of seven characters', () => {
    const { redact, masked } = redactorOf({ SORT_KEY: 'hunter2' });
    expect(redact('a hunter2')).toBe('a hunter2');
    expect(masked).toEqual([]);
  });

  test('is masked once, as soon as it is known', () => {
    const masked: string[] = [];
    const redactor = createRedactor((line) => masked.push(line));
    redactor.addCredentials(['', 'sk_secret_1', 'sk_secret_1']);
    redactor.addCredentialsOf({ payload: cookOf({ secret: 'registry', env: { A: 'visible-1' } }) });
    redactor.addSent(cookOf({ secret: 'registry', volumes: [{ mount: '/m', secret: 'volume' }] }));
    expect(masked).toEqual(['sk_secret_1', 'registry', 'volume']);
  });

  test('that the service echoes is taken out, too', () => {
    const masked: string[] = [];
    const redactor = createRedactor((line) => masked.push(line));
    const tokens = [{ token: 'cat_access-1' }];
    redactor.addEchoed({
      ...cookOf({ env: { A_KEY: 'echoed-secret', B: 'resnet50' } }),
      container_access_tokens: tokens,
    });
    expect(redactor.redact('echoed-secret resnet50 cat_access-1')).toBe('*** resnet50 ***');
    expect(masked).toEqual([]);
  });
});

describe('what the service says', () => {
  test('has no values of the environment that was sent, if they have six characters', () => {
    const { redact, redactServiceText } = redactorOf({ MODEL: 'resnet50', SIZE: '50000' });
    expect(redactServiceText('env MODEL: "resnet50" is bad, SIZE 50000')).toBe(
      'env MODEL: "***" is bad, SIZE 50000',
    );
    expect(redact('resnet50')).toBe('resnet50');
  });

  test('keeps what the workflow shows by itself, such as a title', () => {
    const redactor = createRedactor();
    redactor.addPublic(['Train resnet50', 'acme/renders']);
    redactor.addSent(
      cookOf({ env: { MODEL: 'resnet50', DATA: 'private-data', A_KEY: 'resnet50' } }),
    );
    expect(redactor.redactServiceText('Train resnet50 on private-data')).toBe('Train *** on ***');
    const other = createRedactor();
    other.addPublic(['Train resnet50']);
    other.addSent(cookOf({ env: { MODEL: 'resnet50' } }));
    expect(other.redactServiceText('Train resnet50')).toBe('Train resnet50');
  });
});

describe('in bounded time', () => {
  test('whatever a text says', () => {
    const env = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`A${index}_KEY`, `${'a'.repeat(index + 50)}b`]),
    );
    const { redact } = redactorOf(env);
    const long = Buffer.from('a'.repeat(2 ** 17)).toString();
    expect(cpuMsOf(() => expect(redact(long)).toContain('aaa'))).toBeLessThan(4_000);
  });

  test('however much the service echoes, and what was known before is still taken out', () => {
    const redactor = createRedactor();
    redactor.addCredentials(['the-first-one']);
    const tookMs = cpuMsOf(() => {
      for (let at = 0; at < 5_000; at += 1)
        redactor.addEchoed(cookOf({ secret: `${at}${'x'.repeat(at)}` }));
      redactor.addEchoed(cookOf({ secret: 'x'.repeat(2 ** 20) }));
      expect(redactor.redact('the-first-one')).toBe('***');
    });
    expect(tookMs).toBeLessThan(4_000);
  });
});

const titledCookOf = (parameters: JsonMapping): JsonMapping => ({
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
  expect(JSON.stringify(hideSecrets(titledCookOf(parameters)))).toBe(
    JSON.stringify(titledCookOf(shown)),
  );
});

test('a cook without a container is shown as it is', () => {
  const { title } = titledCookOf({});
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
    ...titledCookOf(parameters),
    container_access_tokens: [{ token: 'g', uuid: 'not one' }, 'odd'],
    job_snapshot: titledCookOf({ secret: 'h' }),
    payload: titledCookOf({ env: { E: 'i', HF_TOKEN: 12_345_678 } }),
  };
  expect(findSecrets(job)).toEqual({
    credentials: ['a', 'long enough', 'e', 'long enough, too', 'g', '12345678', 'h'],
    values: ['ssh-ed25519 AAAA', 'c', '4', 'd', 'short', 'i'],
  });
  for (const odd of [null, 'text', [], {}, { container_access_tokens: 'odd', payload: [] }])
    expect(findSecrets(odd)).toEqual({ credentials: [], values: [] });
});
