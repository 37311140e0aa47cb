import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { guisesOf } from '../../src/service/guises.ts';
import { createRedactor } from '../../src/service/redactor.ts';
import type { Json } from '../../src/service/sign.ts';
import { cpuMsOf } from '../support/cpu.ts';
import { writtenFormsOf } from '../support/written.ts';

const cookOf = (parameters: Readonly<Record<string, Json>>) => ({
  parameters: { type: 'docker', parameters },
});

function redactorOf(env: Readonly<Record<string, Json>>) {
  const redactor = createRedactor();
  redactor.addBody(cookOf({ env }));
  return redactor;
}

const odd = 'p/ss w"rd&<é\\日>\'(1)';
const key =
  '-----BEGIN KEY-----\nb3BlbnNzaC1rZXktdjEAAA\n  QyNTUxOQAAACBv+/8=\n-----END KEY-----\n';

describe('a secret is hidden', () => {
  test.each<[string, string, string]>([
    ['as it is', odd, odd],
    ['in JSON', odd, JSON.stringify({ a: [odd] })],
    ['in JSON in JSON', odd, JSON.stringify(JSON.stringify({ a: odd }))],
    [
      'in ASCII JSON',
      odd,
      JSON.stringify(odd).replaceAll('é', '\\u00e9').replaceAll('日', '\\u65e5'),
    ],
    [
      'in ASCII JSON of upper case',
      odd,
      JSON.stringify(odd).replaceAll('é', '\\u00E9').replaceAll('日', '\\u65E5'),
    ],
    ['in JSON with escaped slashes', odd, JSON.stringify(odd).replaceAll('/', '\\/')],
    ['in HTML', odd, odd.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')],
    ['in an attribute', odd, 'p/ss w&quot;rd&amp;&lt;é\\日&gt;&#39;(1)'],
    ['in HTML with numbers', odd, 'p/ss w&#34;rd&#38;&#60;é\\日&#62;&#39;(1)'],
    ['in HTML of Python', odd, 'p/ss w&quot;rd&amp;&lt;é\\日&gt;&#x27;(1)'],
    ['in a URL', odd, `https://a.b/?c=${encodeURIComponent(odd)}`],
    ['in a form', odd, new URLSearchParams({ odd }).toString()],
    ['in lower-case percents', odd, encodeURIComponent(odd).toLowerCase()],
    ['in base64', odd, Buffer.from(odd).toString('base64')],
    ['in base64 for URLs', odd, Buffer.from(odd).toString('base64url')],
    ['after a name, in base64', odd, Buffer.from(`user:${odd}`).toString('base64')],
    ['after another name, in base64', odd, Buffer.from(`usr:${odd}.`).toString('base64')],
    ['after a third name, in base64', odd, Buffer.from(`us:${odd}..`).toString('base64')],
    ['with invisible characters in it', odd, odd.split('').join('\u200b')],
    ['with colours in it', odd, odd.split('').join('\u001b[1m')],
    ['with a soft hyphen, a tag and a filler', 'hunter2', 'hu\u00adnt\u{e0041}er\u31642'],
    ['of several lines', key, key],
    ['of several lines, as one', key, key.replaceAll(/\n +|\n/g, ' ')],
    ['of several lines, in JSON', key, JSON.stringify(key)],
    ['of several lines, one of them', key, 'see b3BlbnNzaC1rZXktdjEAAA'],
    ['of several lines, in quotes', key, key.replaceAll('\n', '\n> ')],
    ['and cut', 'abcdefghijklmnop', 'invalid: abcdefghijkl'],
    ['and cut, which is shown', 'abcdefghijklmnop', 'abcdefghijkl… is invalid'],
    ['and cut, which is shown by dots', 'abcdefghijklmnop', 'abcdefghijkl... is invalid'],
  ])('%s', (_, secret, text) => {
    const shown = redactorOf({ A: secret }).redact(text);
    expect(shown).toContain('***');
    const halves = ['p/ss', 'w"rd', 'é', '(1)', 'b3Blb', 'QyNT', 'hunt', 'cdefgh', 'END'];
    expect(halves.filter((half) => shown.includes(half))).toEqual([]);
    // What is left is what stood around it.
    expect(shown.replaceAll('***', '').length).toBeLessThanOrEqual(25);
  });

  test('in each of its guises, whatever it is and wherever it stands', () => {
    const secret = fc.string({ unit: 'binary', minLength: 6, maxLength: 40 });
    // What would be an escape together with the first letter of a form is one.
    const around = fc.stringMatching(/^[\w :,.]{0,10}$/);
    fc.assert(
      fc.property(secret, around, around, (given, before, after) => {
        fc.pre(given.trim().length >= 6 && !/^\*+$/.test(given.trim()));
        const { redact } = redactorOf({ A: given });
        const forms = [...guisesOf(given), ...writtenFormsOf(given)];
        const guises = forms.filter((guise) => guise.trim().length >= 6);
        expect(guises).not.toEqual([]);
        expect(guises.filter((guise) => redact(before + guise + after).includes(guise))).toEqual(
          [],
        );
      }),
    );
  });

  test.each<[string, Readonly<Record<string, Json>>, string, string]>([
    ['a number', { A: 12_345_678 }, 'PIN 12345678 is wrong', 'PIN *** is wrong'],
    ['several', { A: 'secret-1', B: 'secret-2' }, 'secret-2, secret-1', '***, ***'],
    ['a longer one first', { A: 'secret', B: 'secret-12' }, 'a secret-12!', 'a ***!'],
    ['two that overlap', { A: 'abcdef', B: 'defghi' }, 'x abcdefghi x', 'x *** x'],
    ['one in a longer text', { A: 'hunter2' }, '"hunter2" is bad: hunter2', '"***" is bad: ***'],
    ['at the start', { A: 'hunter2' }, 'hunter2', '***'],
  ])('%s', (_, env, text, shown) => {
    expect(redactorOf(env).redact(text)).toBe(shown);
  });

  test('of which there are more from time to time', () => {
    const redactor = createRedactor();
    const secrets = Array.from({ length: 100 }, (_, index) => `token-${index}-x`);
    for (const [index, secret] of secrets.entries()) {
      redactor.add([secret]);
      const text = secrets.slice(0, index + 2).join();
      const shown = secrets.slice(0, index + 1).map(() => '***');
      expect(redactor.redact(text)).toBe([...shown, ...secrets.slice(index + 1, index + 2)].join());
    }
  });

  test('in any text of JSON, and nothing else is', () => {
    const { redactJson } = redactorOf({ A: 'hunter2', B: 123_456 });
    expect(
      redactJson({
        hunter2: ['a hunter2', 123_456, 1.5, true, null, { ['__proto__']: 'hunter2' }],
      }),
    ).toEqual({ '***': ['a ***', '***', 1.5, true, null, { ['__proto__']: '***' }] });
  });

  test('in a part of a very long one', () => {
    const long = Array.from({ length: 5_000 }, (_, index) => index.toString(36)).join('');
    expect(redactorOf({ A: long }).redact(`<${long.slice(2_000, 6_000)}>`)).toMatch(
      /^<.{0,1024}\*\*\*.{0,1024}>$/,
    );
    expect(redactorOf({ A: long }).redact(`<${long}>`)).toBe('<***>');
  });
});

// What widely used programs make of a text: no two agree on which characters they write otherwise.
const unicode = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
const bytesOf = (char: string) => [...Buffer.from(char)].map((byte) => byte.toString(16));
const percent = (char: string) =>
  bytesOf(char)
    .map((byte) => `%${byte.toUpperCase()}`)
    .join('');
const programs: readonly (readonly [string, (text: string) => string])[] = [
  ['Python’s quote', (text) => text.replaceAll(/[^\w.~/-]/gu, percent)],
  [
    'Python’s repr of bytes',
    (text) =>
      text.replaceAll("'", "\\'").replaceAll(/[^ -~]/gu, (char) =>
        bytesOf(char)
          .map((byte) => `\\x${byte}`)
          .join(''),
      ),
  ],
  ['a form', (text) => new URLSearchParams({ text }).toString()],
  [
    '.NET’s UrlEncode',
    (text) =>
      text.replaceAll(/[^\w.!*() -]/gu, (char) => percent(char).toLowerCase()).replaceAll(' ', '+'),
  ],
  [
    '.NET’s JSON',
    (text) =>
      text.replaceAll(/["&'+<>`\\]|[^ -~]/g, (char) =>
        unicode(char).toUpperCase().replace('U', 'u'),
      ),
  ],
  ['Gson', (text) => JSON.stringify(text).replaceAll(/[<>&=']/g, unicode)],
  ['Go’s JSON', (text) => JSON.stringify(text).replaceAll(/[<>&]/g, unicode)],
  [
    'Go’s html/template',
    (text) => text.replaceAll(/["'&<>+]/g, (char) => `&#${char.charCodeAt(0)};`),
  ],
  [
    'an encoder for HTML',
    (text) =>
      text.replaceAll(/[^\w ]/gu, (char) => `&#x${char.codePointAt(0)?.toString(16) ?? ''};`),
  ],
  ['a password in a URL', (text) => Object.assign(new URL('https://a.b'), { password: text }).href],
  ['bash’s printf %q', (text) => text.replaceAll(/[^\w./+=é-]/g, String.raw`\$&`)],
  ['bash’s set -x', (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`],
  ['YAML', (text) => `'${text.replaceAll("'", "''")}'`],
  ['CSV', (text) => `"${text.replaceAll('"', '""')}"`],
  ['JSON in JSON in JSON', (text) => JSON.stringify(JSON.stringify(JSON.stringify(text)))],
  [
    'JSON in HTML',
    (text) => JSON.stringify(text).replaceAll('&', '&amp;').replaceAll('"', '&quot;'),
  ],
  ['JSON in a URL', (text) => encodeURIComponent(JSON.stringify({ text }))],
  ['a URL in a URL', (text) => encodeURIComponent(encodeURIComponent(text))],
  [
    'base64 in .NET’s JSON',
    (text) => Buffer.from(text).toString('base64').replaceAll('+', '\\u002B'),
  ],
];

describe.each(['ab/cd+ef=gh\'ij"kl&mn<op qr$st~uv!wx(yz)*é9', 'wJalrX/K7MDENG+bPxRfiCYKEY=='])(
  '%p is hidden',
  (secret) => {
    test.each(programs)('as %s writes it', (_, write) => {
      const shown = redactorOf({ A: secret }).redact(`a ${write(secret)} z`);
      expect(shown).toContain('***');
      // What is left is the program's.
      expect(shown.replaceAll('***', '').length).toBeLessThanOrEqual(30);
    });
  },
);

test('what only looks like an escape stays', () => {
  const text = String.raw`C:\new\test 100%\u00 %zz &nothing; &#x; '' "" \\ &#99999999; %E9`;
  expect(redactorOf({ A: 'hunter2' }).redact(`${text} hunter2`)).toBe(`${text} ***`);
});

describe('what is no secret stays', () => {
  test.each<[string, Readonly<Record<string, Json>>, string]>([
    ['short values', { A: '1', B: 'train', C: '0.93', D: '', E: '     ' }, '1 train of 0.93     x'],
    [
      'words that everybody uses',
      { A: 'true', B: 'undefined', C: 'default' },
      'true undefined default',
    ],
    ['stars', { A: '********' }, 'a ******** b'],
    ['a beginning', { A: 'abcdefghijkl' }, 'abcdefgh is no abcdef'],
  ])('%s', (_, env, text) => {
    expect(redactorOf(env).redact(text)).toBe(text);
  });

  test('a value that the workflow shows by itself', () => {
    const redactor = createRedactor();
    redactor.addPublic(['Render forest', 'acme/renders']);
    redactor.addBody(cookOf({ env: { SCENE: 'forest', REPO: 'acme/renders', TOKEN: 'hunter2' } }));
    expect(redactor.redact('Render forest of acme/renders with hunter2')).toBe(
      'Render forest of acme/renders with ***',
    );
  });

  test('unless it is secret by its name', () => {
    const redactor = createRedactor();
    redactor.addPublic(['Render forest']);
    redactor.addBody(cookOf({ secret: 'forest' }));
    expect(redactor.redact('Render forest')).toBe('Render ***');
  });
});

describe('in time and memory', () => {
  test('as much as the text is long, whatever it says', () => {
    const env = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`A${index}`, `${'a'.repeat(index + 50)}b`]),
    );
    const { redact } = redactorOf(env);
    redact('build');
    const text = Buffer.from('a'.repeat(2 ** 20)).toString();
    // One look for each takes a minute.
    expect(cpuMsOf(() => expect(redact(text)).toContain('aaa'))).toBeLessThan(1_000);
  });

  test.each(['\\', '%41', '&#1;', "''", '\\\\\\"', '%25', '%', '&#'])('of %p, too', (piece) => {
    const { redact } = redactorOf({ A: 'hunter2-hunter2' });
    redact('build');
    const text = Buffer.from(piece.repeat(2 ** 20 / piece.length)).toString();
    expect(cpuMsOf(() => expect(redact(text)).toContain(piece))).toBeLessThan(500);
  });

  test.each([5, 50, 200])('a file of %i KB leaves room for the secrets after it', (size) => {
    const file = Array.from({ length: size * 16 }, (_, index) => `line ${index} `.padEnd(64, '~'));
    const { redact } = redactorOf({ FILE: file.join('\n'), TOKEN: 'hunter2-hunter2' });
    expect(redact(`${file[7]} hunter2-hunter2`)).toBe('*** ***');
  });

  test('no more than so much for however many secrets', () => {
    const tookMs = cpuMsOf(() => {
      const redactor = createRedactor();
      redactor.add(['the-first-one']);
      for (let at = 0; at < 50; at += 1) {
        redactor.addBody(cookOf({ env: { A: `${at}${'x'.repeat(2 ** 20)}` } }));
        redactor.redact('the-first-one');
      }
      expect(redactor.redact('the-first-one')).toBe('***');
    });
    expect(tookMs).toBeLessThan(8_000);
  });
});
