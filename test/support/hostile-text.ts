import type { ServerResponse } from 'node:http';
import type { Dice } from '../simulation/dice.ts';
import { writtenFormsOf } from './written.ts';

// What is made to hurt whoever reads it: texts, values, error bodies and headers, drawn from a seed.

const attacks = [
  '::error::PWNED',
  '\n::set-output name=result::PWNED',
  '##[add-mask]PWNED',
  '#\u200b#[stop-commands]x',
  '\r::stop-commands::x',
  '<script>alert(1)</script>',
  '</pre></details><img src=x>',
  '[x](javascript:alert(1)) @user #1',
  '\u001b[31m\u001b]0;t\u0007',
  '\u202e\u0000\u{e0041}',
  String.fromCharCode(0xd800),
  '__proto__',
  '    at Object.<anonymous> (/app/index.js:1:1)',
  '```\n| a | b |\n',
  '%0A::error::x',
];

const repeated = [
  '<a',
  '&',
  '\u001b[',
  '{"a":',
  '[',
  ' ',
  '\n',
  '_',
  '##[',
  'e\u0301',
  '\u200b',
  'x',
  '\r',
];

// Made once: what the service takes to make them is not the action's time.
const floods = repeated.map((piece) =>
  Buffer.from(piece.repeat(2 ** 20 / piece.length)).toString(),
);

/** What an answer is made of. */
export interface HostileWords {
  readonly text: () => string;
  /** A value of any kind. */
  readonly any: () => unknown;
  /** A text of 1 MiB that is slow to read for what looks back or ahead in it. */
  readonly flood: () => string;
  /** The body of an answer that is no success. */
  readonly fault: () => string;
}

/** @param told the secrets that are repeated, as they are at each time */
export function createHostileWords(dice: Dice, told: ReadonlySet<string>): HostileWords {
  const text = () => drawText(dice, [...told]);
  const any = (depth = 0): unknown =>
    dice.weighted<() => unknown>(
      [4, text],
      [1, () => dice.int(-5, 1e9)],
      [1, () => null],
      [depth > 2 ? 0 : 1, () => [any(depth + 1), any(depth + 1)]],
      [depth > 2 ? 0 : 1, () => ({ [text()]: any(depth + 1), uuid: text(), message: text() })],
    )();
  const flood = () => dice.pick(floods);
  const fault = () =>
    dice.weighted<() => string>(
      [3, () => JSON.stringify({ error: { code: text(), message: text() }, errors: [any()] })],
      [1, () => JSON.stringify({ message: text(), errors: any(), documentation_url: text() })],
      [2, () => `<html><body>${text()}</body></html>`],
      [2, text],
      [1, flood],
      [1, () => '['.repeat(100_000)],
    )();
  return { text, any: () => any(), flood, fault };
}

function drawText(dice: Dice, secrets: readonly string[]): string {
  const part = () =>
    dice.weighted<() => string>(
      [4, () => dice.pick(writtenFormsOf(dice.pick(secrets)))],
      [2, () => dice.pick(attacks)],
      [2, () => dice.pick(['word ', ' ', ': ', '"', 'x'.repeat(dice.int(1, 300))])],
    )();
  return Array.from({ length: dice.int(0, 6) }, part).join('');
}

/** How often an answer is no success: where most are none, nobody gets to the end of a step. */
export function drawFaultRate(dice: Dice): number {
  return dice.pick([0.02, 0.1, 0.25]);
}

type Headers = Readonly<Record<string, string | string[]>>;

/** Headers that nobody should believe. */
export function drawHeaders(dice: Dice): Headers {
  const odd = [
    '-1',
    '1e99',
    'x'.repeat(2_000),
    '0',
    '3600',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    '::error::x',
  ];
  return {
    ...(dice.chance(0.3) && { 'retry-after': dice.pick([...odd, '1']) }),
    ...(dice.chance(0.2) && { date: dice.pick(odd) }),
    ...(dice.chance(0.2) && { location: 'http://127.0.0.1:1/' }),
    ...(dice.chance(0.2) && { 'content-type': 'text/html; charset=utf-16' }),
    ...(dice.chance(0.2) && { 'x-odd': [dice.pick(odd), dice.pick(odd)] }),
  };
}

/** An answer that nobody gets: of more headers than a client reads, or not sent to its end. */
export function sendBroken(response: ServerResponse, text: string, dice: Dice): void {
  if (dice.chance(0.5)) response.writeHead(200, { 'x-flood': 'x'.repeat(100_000) }).end(text);
  else {
    response.writeHead(200, { 'content-length': text.length + 100_000 });
    response.write(text);
    response.destroy();
  }
}

/** Sends an answer in pieces that part characters, words and commands. */
export function sendInPieces(
  response: ServerResponse,
  body: Buffer,
  headers: Headers,
  dice: Dice,
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const cuts = Array.from({ length: dice.int(0, 4) }, () => dice.int(0, body.length));
  const places = [0, ...cuts, body.length].toSorted((a, b) => a - b);
  for (const [index, place] of places.entries()) {
    const next = places[index + 1];
    if (next !== undefined && next > place) response.write(body.subarray(place, next));
  }
  response.end();
}
