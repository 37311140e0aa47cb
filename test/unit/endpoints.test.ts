import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedactor } from '../../src/service/redactor.ts';
import {
  cancelJob,
  listJobRuns,
  listJobs,
  listOffers,
  readJob,
  readJobRun,
  readRecipe,
} from '../../src/service/endpoints.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { createClient } from '../../src/service/client.ts';
import { errorDetail } from '../../src/service/host.ts';
import { ServiceError } from '../../src/errors.ts';
import { bodyOf } from '../../src/cooking/request.ts';
import type { Json } from '../../src/service/json.ts';
import { canonicalJson } from '../../src/service/sign.ts';
import { cookRequest } from '../support/plans.ts';
import { cpuMsOf } from '../support/cpu.ts';

const uuid = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
const clientThatAnswers = (text: string, status = 200) =>
  createClient({
    keys: { publicKey: 'pk_x', secretKey: 'sk_x' },
    clock: createMadeUpClock(),
    redactor: createRedactor(),
    random: Math.random,
    onClockOff: () => {},
    exchange: async () => ({ status, text, dateMs: undefined, retryAfter: '3' }),
  });
const answering = (body: unknown) => clientThatAnswers(JSON.stringify(body));

describe('a job', () => {
  test('comes bare or inside data', async () => {
    const job = { object: 'job', uuid: uuid.toUpperCase(), status: 'PENDING', title: 'A' };
    expect(await readJob(answering(job), uuid)).toMatchObject({
      uuid,
      status: 'PENDING',
      title: 'A',
    });
    expect(await readJob(answering({ data: job }), uuid)).toMatchObject({ uuid, title: 'A' });
  });

  // Read by a process of its own: how a date is read depends on its time zone.
  test.each([
    ['2026-06-01T12:00:00.5', '2026-06-01T12:00:00.500Z'],
    ['2026-06-01 12:00:00', '2026-06-01T12:00:00.000Z'],
    ['2026-06-01T12:00:00Z', '2026-06-01T12:00:00.000Z'],
    ['2026-06-01T12:00:00+02:00', '2026-06-01T10:00:00.000Z'],
    ['2026-06-01', '2026-06-01'],
  ])('created at %s, read in New York, was created at %s', (created_at, expected) => {
    const schemas = new URL('../../src/service/schemas.ts', import.meta.url).href;
    const job = JSON.stringify({ uuid, status: 'PENDING', created_at });
    const script = `import { jobSchema } from '${schemas}';
      process.stdout.write(jobSchema.parse(${job}).created_at);`;
    const env = { ...process.env, TZ: 'America/New_York' };
    const args = ['--input-type=module', '--eval', script];
    expect(execFileSync(process.execPath, args, { env, encoding: 'utf8' })).toBe(expected);
  });

  test.each([
    ['completed', 'COMPLETED'],
    ['Running', 'RUNNING'],
    ['CANCELLED', 'CANCELLED'],
    // The set is open.
    ['on hold', 'on hold'],
  ])('that is %s is %s', async (given, status) => {
    expect(await readJob(answering({ uuid, status: given }), uuid)).toMatchObject({ status });
  });

  test('may have its numbers as text', async () => {
    const job = { uuid, status: 'RUNNING', task: 'batch', max_retry_count: '2', gpu_count: '1.0' };
    const read = await readJob(answering(job), uuid);
    expect(read).toMatchObject({ task: 'BATCH', max_retry_count: 2, gpu_count: 1 });
  });

  test('holds no secret of the service’s answer', async () => {
    const job = {
      uuid,
      status: 'PENDING',
      parameters: { parameters: { env: { TOKEN: 'hidden-1' }, secret: 'hidden-2' } },
      container_access_tokens: [{ token: 'hidden-3' }],
    };
    expect(JSON.stringify(await readJob(answering(job), uuid))).not.toContain('hidden');
  });

  test('has a recipe only where that is a UUID: it becomes part of a path', async () => {
    const job = { uuid, status: 'FAILED', source_recipe_uuid: '../users/me' };
    expect(await readJob(answering(job), uuid)).toMatchObject({ source_recipe_uuid: null });
  });

  test.each(['gpu_name', 'status', 'status_reason', 'task', 'title'])(
    'shows none of its secrets as its %s, in a list those of no other either',
    async (field) => {
      const secret = 's3cret-Value_1';
      const told = { uuid, status: 'PENDING', [field]: `of ${secret}` };
      const owner = {
        uuid,
        status: 'PENDING',
        parameters: { type: 'docker', parameters: { env: { A_TOKEN: secret } } },
      };
      const job = await readJob(answering({ ...owner, ...told }), uuid);
      expect(job).toMatchObject({ [field]: 'of ***' });
      const list = await listJobs(answering({ data: [told, owner] }), {});
      expect(list.items[0]).toMatchObject({ [field]: 'of ***' });
    },
  );

  test('shows no words of the service beside the address of its server, whose host stays', async () => {
    const secret = 's3cret-value';
    const url = { description: secret, protocol: secret, hostname: `a.${secret}.net`, port: 80 };
    const run = {
      uuid,
      status: 'RUNNING',
      parameters: { parameters: { env: { A_TOKEN: secret } } },
      node_urls: [url, 7],
    };
    const shown = { description: null, protocol: null, hostname: url.hostname };
    const { run: read } = await readJobRun(answering({ ...run, node_urls: [url] }), uuid);
    expect(read.node_urls).toMatchObject([shown]);
  });

  test('with odd fields loses only those', async () => {
    const job = {
      uuid,
      status: 'RUNNING',
      title: 7,
      gpu_count: 'two',
      created_at: 12,
      started_at: '2026-11-21',
    };
    expect(await readJob(answering(job), uuid)).toMatchObject({
      status: 'RUNNING',
      title: null,
      gpu_count: null,
      created_at: null,
      started_at: '2026-11-21',
    });
  });

  test.each([
    [{ uuid: null, status: 'PENDING' }, 'uuid'],
    [{ uuid: '../../etc', status: 'PENDING' }, 'uuid'],
    [{ uuid }, 'status'],
    [[], 'the whole response'],
    [null, 'the whole response'],
    ['text', 'the whole response'],
  ])('that cannot be used is an error that names the place: %j', async (body, place) => {
    await expect(readJob(answering(body), uuid)).rejects.toMatchObject({
      trouble: 'unreadable',
      detail: expect.stringContaining(place) as unknown,
    });
  });

  test('of any JSON whatever is a job or a ServiceError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (body) => {
        const result = await readJob(answering(body), uuid).catch((error: unknown) => error);
        expect(result instanceof ServiceError || typeof result === 'object').toBe(true);
        expect(result).not.toBeInstanceOf(TypeError);
      }),
    );
  });
});

// As a cache gives that keeps the answers of others.
describe('an answer about another one than was asked for', () => {
  const other = { uuid: uuid.replace('0', '1'), status: 'COMPLETED' };
  test.each([
    ['a job', readJob],
    ['a run', readJobRun],
    ['a recipe', readRecipe],
  ])('is none about %s', async (_, read) => {
    await expect(read(answering(other), uuid)).rejects.toMatchObject({
      trouble: 'unreadable',
      retryable: true,
    });
  });

  test('says nothing of a job that is cancelled', async () => {
    expect(await cancelJob(answering(other), uuid, 'enough')).toBeNull();
  });
});

test.each(['', '{}', '{"ok":true}', 'null'])('a cancel may be answered with %p', async (body) => {
  const client = clientThatAnswers(body);
  client.host.answered();
  expect(await cancelJob(client, uuid, 'enough')).toBeNull();
});

test('of a host that is not known to be the API, such an answer proves no cancel', async () => {
  const cancelling = cancelJob(clientThatAnswers('{"ok":true}'), uuid, 'enough');
  await expect(cancelling).rejects.toMatchObject({ trouble: 'unreadable', isForeign: true });
});

test.each(['<html>', '{'])('%p is no answer to a cancel', async (body) => {
  const cancelling = cancelJob(clientThatAnswers(body), uuid, 'enough');
  await expect(cancelling).rejects.toMatchObject({ trouble: 'unreadable' });
});

test.each([
  [302, true],
  [307, true],
  [408, true],
  [429, true],
  [500, true],
  [401, false],
  [403, false],
  [404, false],
  [451, false],
])('a read that is answered %i may go well a little later: %p', async (status, retryable) => {
  const reading = readJob(clientThatAnswers('', status), uuid);
  await expect(reading).rejects.toMatchObject({ retryable });
});

test('a bad member of a list spoils no other', async () => {
  const data = [{ uuid, status: 'PENDING' }, { uuid: null }, 7];
  expect((await listJobs(answering({ data }), {})).items).toHaveLength(1);
});

test('a time of 0 is one that is not known yet', async () => {
  const times = { started_at_ms: 0, ended_at_ms: 0, duration_ms: 0 };
  const { run } = await readJobRun(answering({ uuid, status: 'RUNNING', ...times }), uuid);
  expect(run).toMatchObject({ started_at_ms: null, ended_at_ms: null, duration_ms: null });
});

test('times and rates of a run may be text, and an address that cannot be read spoils no other', async () => {
  const numbers = { started_at_ms: '1764315528000', hourly_rate_usd: '4.14', ended_at_ms: '' };
  const ssh = { description: 'ssh', hostname: 'node-1.example.net', port: '30022' };
  const web = { description: 8080, hostname: 'node-1.example.net', port: 30_080 };
  const node_urls = [ssh, { ...web, hostname: null, port: null }, web];
  const answer = { uuid, status: 'RUNNING', ...numbers, node_urls };
  const { run } = await readJobRun(answering(answer), uuid);
  expect(run).toMatchObject({
    started_at_ms: 1_764_315_528_000,
    hourly_rate_usd: 4.14,
    ended_at_ms: null,
    node_urls: [
      { description: 'ssh', port: 30_022 },
      { description: '8080', port: 30_080 },
    ],
  });
});

test('a run that a list has twice counts once', async () => {
  const run = { uuid, status: 'RUNNING', hourly_rate_usd: 1 };
  const other = { ...run, uuid: uuid.replace('0', '1') };
  const runs = await listJobRuns(answering({ data: [other, run, run] }), uuid);
  expect(runs.map((each) => each.uuid)).toEqual([run.uuid, other.uuid]);
});

test('prices may be text', async () => {
  const pricing = { hourly_rate_usd: '0.35' };
  const { items } = await listOffers(answering({ data: [{ pricing }], total: '1' }), {});
  expect(items[0]?.pricing.hourly_rate_usd).toBe(0.35);
});

test.each(['', '{', '<html>', '[1'])('an answer that is not JSON is an error: %p', async (text) => {
  await expect(readJob(clientThatAnswers(text), uuid)).rejects.toMatchObject({
    trouble: 'unreadable',
  });
});

test('a refusal carries what the service says and when to come back', async () => {
  const body = JSON.stringify({ error: { code: 'rate', message: 'slow down' } });
  await expect(readJob(clientThatAnswers(body, 429), uuid)).rejects.toMatchObject({
    trouble: 'refused',
    status: 429,
    detail: 'slow down',
    retryAfterMs: 3_000,
  });
});

test.each([
  ['{"error":{"code":"c","message":"m"}}', 'm'],
  ['{"error":"Bad Request","message":"m"}', 'm'],
  ['{"error":"text"}', 'text'],
  ['{"message":"m"}', 'm'],
  // All of it, where it says more than a message.
  ['{"error":{"code":"c"}}', '{"error":{"code":"c"}}'],
  ['{"message":"m",\n  "errors":["a"]}', '{"message":"m", "errors":["a"]}'],
  ['{"message":["a","b"]}', '{"message":["a","b"]}'],
  ['first line\n second', 'first line second'],
  ['<html><head><style>a{}</style></head><body><h1>Bad gateway</h1></body>', 'an HTML page'],
  ['\n<!DOCTYPE html><p>Try later', 'an HTML page'],
  ['limit <max of 5', 'limit <max of 5'],
  ['{"other":1}', '{"other":1}'],
  ['', 'no explanation was given'],
])('of the error body %p it says %p', (body, detail) => {
  expect(errorDetail(body)).toBe(detail);
});

test('an explanation is cut after what must not be shown is out of it', async () => {
  const detailOf = async (detail: string) => {
    const client = clientThatAnswers(detail, 422);
    client.redactor.addCredentials(['the secret one '.repeat(30).trim()]);
    return readJob(client, uuid).catch((error: unknown) => (error as ServiceError).detail);
  };
  expect(await detailOf('字'.repeat(600))).toBe(`${'字'.repeat(499)}…`);
  const secret = 'the secret one '.repeat(30).trim();
  expect(await detailOf(`${'w '.repeat(200)}${secret} end`)).toBe(`${'w '.repeat(200)}*** end`);
});

test.each([
  ['openings', '<a'],
  ['tags', '<a>'],
  ['styles', '<style>'],
  ['scripts', '<script></style>'],
  ['ends of scripts', '</script'],
  ['ends of lines', '\n'],
  ['JSON', '{"message":'],
  ['lists', '["'],
  ['letters', 'a'],
  ['blanks', ' '],
])('a body of 8 MiB of %s takes no longer than one of a few KB', (_, piece) => {
  const body = Buffer.from(piece.repeat(2 ** 23 / piece.length)).toString();
  // An expression that looks ahead from each `<` takes 26 s for 256 KB.
  expect(cpuMsOf(() => errorDetail(body))).toBeLessThan(200);
});

describe('the log of a run', () => {
  const logOf = async (logs: unknown) =>
    (await readJobRun(answering({ uuid, status: 'RUNNING', logs }), uuid)).log;

  test.each<[string, unknown, string]>([
    ['a text', 'x\ny', 'x\ny'],
    ['lines', ['x', 'y'], 'x\ny'],
    ['lines with their ends', ['x\n', 'y\n'], 'x\ny\n'],
    ['empty lines', ['x', '', '', 'y'], 'x\n\n\ny'],
    [
      'objects',
      [{ message: 'a', level: 'info' }, { text: 'b' }, { log: 'c' }, { line: 'd\n' }, { msg: 'e' }],
      'a\nb\nc\nd\ne',
    ],
    ['odd members', ['x', 1, { other: 'n' }, ['m'], null, 'y'], 'x\n1\n{"other":"n"}\n["m"]\ny'],
    ['an empty list', [], ''],
    ['null', null, ''],
    ['a number', 5, '5'],
    ['a single object', { message: 'x\ny' }, 'x\ny'],
    ['nothing', undefined, ''],
    ['any character', '"\\"\\\\" \u0000 ä 😀 \ud83d', '"\\"\\\\" \u0000 ä 😀 \ud83d'],
  ])('as %s', async (_, logs, log) => {
    expect(await logOf(logs)).toBe(log);
  });

  test('comes inside data, too, and is no part of the run', async () => {
    const body = { data: { uuid, status: 'RUNNING', logs: 'x' } };
    const { run, log } = await readJobRun(answering(body), uuid);
    expect(log).toBe('x');
    expect(run).toMatchObject({ uuid, status: 'RUNNING' });
    expect(run).not.toHaveProperty('logs');
  });
});

test('a long integer of a recipe is sent on as it is stored', async () => {
  const seed = JSON.rawJSON('12345678901234567890');
  const parameters = { image: 'a/b', env: { SEED: seed } };
  const payload = { parameters: { type: 'docker', parameters } };
  const recipe = await readRecipe(answering({ uuid, name: 'Train', payload }), uuid);
  const body = bodyOf(cookRequest({ container: { tag: 'v2' } }), recipe);
  expect(canonicalJson(body as Json)).toContain('"SEED":12345678901234567890');
});
