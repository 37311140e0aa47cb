import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { guisesOf } from '../../src/api/guises.ts';
import { createDice, type Dice } from '../simulation/dice.ts';

/** A service whose answers are drawn from a seed, each made to hurt. */
export interface HostileService {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** What the recipe and the jobs of the service hold, and its answers repeat. */
export interface HostileOptions {
  readonly seed: string;
  readonly recipeUuid: string;
  /** Container parameters of the recipe, with its secrets. */
  readonly container: object;
  readonly containerSecrets: readonly string[];
  readonly token: string;
  /** What a cook is sent with. */
  readonly sentSecrets: readonly string[];
}

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

/** Opens the service. */
export async function startHostileService(options: HostileOptions): Promise<HostileService> {
  const dice = createDice(options.seed);
  const jobUuid = dice.uuid();
  const runUuid = dice.uuid();
  let looks = 0;
  // Nobody can hide what is told before it is known: the service repeats what it was told or has told.
  const told = new Set(['sk_hostile_0123456789abcdef']);
  const tell = (secrets: readonly string[]) => {
    for (const secret of secrets) told.add(secret);
  };
  const text = () => drawText(dice, [...told]);
  const any = (depth = 0): unknown =>
    dice.weighted<() => unknown>(
      [4, text],
      [1, () => dice.int(-5, 1e9)],
      [1, () => null],
      [depth > 2 ? 0 : 1, () => [any(depth + 1), any(depth + 1)]],
      [depth > 2 ? 0 : 1, () => ({ [text()]: any(depth + 1), uuid: jobUuid, message: text() })],
    )();
  const job = (status: string) => ({
    object: 'job',
    uuid: jobUuid,
    status,
    title: text(),
    description: text(),
    status_reason: text(),
    task: dice.pick(['BATCH', text()]),
    gpu_name: text(),
    gpu_count: any(),
    source_recipe_uuid: dice.pick([options.recipeUuid, text()]),
    created_at: dice.pick(['2026-11-24T10:00:00Z', text()]),
    started_at: any(),
    completed_at: any(),
    parameters: { type: 'docker', parameters: { ...options.container, [text()]: any() } },
    container_access_tokens: [{ token: options.token, name: text() }],
  });
  const run = () => ({
    uuid: runUuid,
    job_uuid: jobUuid,
    status: dice.pick(['RUNNING', 'FAILED', text()]),
    started_at_ms: any(),
    ended_at_ms: any(),
    duration_ms: any(),
    hourly_rate_usd: dice.pick([0.35, any()]),
    node_urls: [{ description: text(), hostname: text(), port: 22, protocol: text() }, any()],
    logs: dice.weighted<() => unknown>(
      [3, () => Array.from({ length: 20 }, logLine).join('\n')],
      [1, () => Array.from({ length: 20 }, logLine)],
      [1, () => dice.pick(floods)],
      [1, any],
    )(),
  });
  const logLine = () =>
    dice.chance(0.3) ? `dispersed-output: ${JSON.stringify({ [text()]: text() })}` : text();
  const statusNow = () => {
    looks += 1;
    if (looks > 6) return dice.pick(['FAILED', 'COMPLETED', 'CANCELLED']);
    return dice.pick(['PENDING', 'ASSIGNED', 'RUNNING', text() || 'ODD']);
  };
  const answerTo = ({ method = '', url = '' }: IncomingMessage): unknown => {
    const { pathname } = new URL(url, 'http://localhost');
    if (pathname.startsWith('/v1/job-recipes/') && method === 'GET') tell(options.containerSecrets);
    else if (pathname.startsWith('/v1/jobs') || method === 'POST') tell([options.token]);
    if (pathname.endsWith('/cancel')) return job('CANCELLED');
    if (method === 'POST') return job('PENDING');
    if (pathname.startsWith('/v1/job-recipes/')) {
      const { recipeUuid: uuid, container } = options;
      return {
        uuid,
        name: text(),
        payload: { parameters: { type: 'docker', parameters: container } },
      };
    }
    if (pathname === '/v1/jobs') return { data: [job(statusNow()), any()], total: any() };
    if (pathname.startsWith('/v1/jobs/')) return job(statusNow());
    if (pathname === '/v1/job-runs') return { data: [run(), any()] };
    if (pathname.startsWith('/v1/job-runs/')) return run();
    return { data: [any(), any()], available_balance: any() };
  };
  const fault = () =>
    dice.weighted<() => string>(
      [3, () => JSON.stringify({ error: { code: text(), message: text() }, errors: [any()] })],
      [2, () => `<html><body>${text()}</body></html>`],
      [2, () => text()],
      [1, () => dice.pick(floods)],
      [1, () => '['.repeat(100_000)],
    )();
  const server = createServer((request, response) => {
    request.resume();
    if (request.method === 'POST') tell(options.sentSecrets);
    const isFault = dice.chance(0.25) && !(request.url ?? '').endsWith('/cancel');
    const status = isFault ? dice.pick([200, 302, 400, 404, 408, 409, 422, 429, 500, 503]) : 200;
    const body = isFault ? fault() : JSON.stringify(answerTo(request));
    response.statusCode = status;
    for (const [name, value] of Object.entries(drawHeaders(dice))) response.setHeader(name, value);
    send(response, Buffer.from(body), dice);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function drawText(dice: Dice, secrets: readonly string[]): string {
  const part = () =>
    dice.weighted<() => string>(
      [4, () => dice.pick(guisesOf(dice.pick(secrets)))],
      [2, () => dice.pick(attacks)],
      [2, () => dice.pick(['word ', ' ', ': ', '"', 'x'.repeat(dice.int(1, 300))])],
      [
        1,
        () =>
          dice
            .pick(secrets)
            .split('')
            .join(dice.pick(['\u200b', '\u00ad', '\u001b[1m'])),
      ],
    )();
  return Array.from({ length: dice.int(0, 6) }, part).join('');
}

function drawHeaders(dice: Dice): Readonly<Record<string, string | string[]>> {
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

// In pieces that part characters, words and commands.
function send(response: ServerResponse, body: Buffer, dice: Dice): void {
  const cuts = Array.from({ length: dice.int(0, 4) }, () => dice.int(0, body.length));
  const places = [0, ...cuts, body.length].toSorted((a, b) => a - b);
  for (const [index, place] of places.entries()) {
    const next = places[index + 1];
    if (next !== undefined && next > place) response.write(body.subarray(place, next));
  }
  response.end();
}
