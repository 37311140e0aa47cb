import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { chooseModel, planCooks, priceEntries, type PlanInputs } from '../../src/cooking/plan.ts';
import type { CookRequest } from '../../src/cooking/request.ts';
import { InputError, InterruptedError } from '../../src/errors.ts';
import { noCeilings } from '../../src/money/ceilings.ts';
import type { Prices } from '../../src/money/offers.ts';
import { fakeClient, never, refused, troubled, type SentCall } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { uuidNumber } from '../support/outcomes.ts';
import { cookRequest } from '../support/plans.ts';

const inputs: PlanInputs = { recipes: [], ceilings: noCeilings };
const batch = { task: 'BATCH', max_timeout_run_ms: 60_000 };
const server = { task: 'PERSISTENT', max_timeout_run_ms: null };

function request(recipe: number, change: Partial<CookRequest> = {}): CookRequest {
  return cookRequest({ recipeUuid: uuidNumber(recipe), ...change });
}

/** Plans with a service that has these payloads; an error is thrown, each time. */
async function plan(
  requests: readonly CookRequest[],
  payloads: readonly (object | null | Error)[],
  change: Partial<PlanInputs> = {},
  signal = never,
) {
  const answer = ({ pathname }: SentCall) => {
    const uuid = pathname.split('/').at(-1);
    const payload = payloads.find((_, index) => uuidNumber(index) === uuid);
    if (payload instanceof Error) throw payload;
    return { object: 'job_recipe', uuid, name: 'Render', payload };
  };
  const client = fakeClient(createMadeUpClock(), answer, 10);
  const planned = await planCooks(requests, client, signal, { ...inputs, ...change });
  return { ...planned, client };
}

test('what is sent and asked for is the recipe and what is laid on it', async () => {
  const fields = { title: 'Nightly' };
  const container = { env: { A: 'x' } };
  const parameters = { type: 'docker', parameters: { image: 'a', env: { B: 'y' } } };
  const { plans, error } = await plan(
    [request(0, { fields, container })],
    [{ ...batch, parameters }],
  );
  const merged = { type: 'docker', parameters: { image: 'a', env: { A: 'x', B: 'y' } } };
  expect(error).toBeNull();
  expect(plans[0]?.body).toEqual({ ...fields, parameters: merged });
  const documented = { max_retry_count: 0, max_node_count: 1 };
  expect(plans[0]?.fields).toEqual({ ...documented, ...batch, ...fields, parameters: merged });
});

test('each recipe is read once, and the first one alone first', async () => {
  const requests = [0, 1, 2, 1, 0].map((recipe, index) => request(recipe, { index }));
  const { plans, client } = await plan(requests, [batch, batch, batch]);
  expect(plans.map(({ request: { index } }) => index)).toEqual([0, 1, 2, 3, 4]);
  expect(client.times('GET')).toEqual([0, 10, 10]);
});

describe('what is wrong', () => {
  test('a wrong key is found by one request', async () => {
    const wrong = refused(401);
    const { plans, error, client } = await plan([request(0), request(1)], [wrong, wrong]);
    expect(error).toBe(wrong);
    expect(plans.map((each) => each.error)).toEqual([wrong, wrong]);
    expect(client.calls).toHaveLength(1);
  });

  test('a host that has never answered in the time to read recipes ends the step', async () => {
    const silent = () => {
      throw troubled('no-answer');
    };
    const client = fakeClient(createMadeUpClock(), silent, 60_000);
    const { error } = await planCooks([request(0)], client, never, inputs);
    expect(error).toMatchObject({ trouble: 'no-answer', isLasting: true });
    expect(client.clock.monotonicMs()).toBeLessThan(125_000);
  });

  test('a wrong UUID alone is that error', async () => {
    const { error, client } = await plan([request(0), request(1)], [batch, refused(404)]);
    expect(error).toMatchObject({ status: 404 });
    expect(client.calls).toHaveLength(2);
  });

  test('all of it is one error, each thing once', async () => {
    const requests = [0, 1, 2, 3, 0].map((recipe, index) => request(recipe, { index }));
    const payloads = [server, refused(404), { task: 'BATCH' }, batch];
    const { error } = await plan(requests, payloads, { 'max-parallel': 2 });
    if (!(error instanceof InputError)) throw new Error('it is another error');
    expect(error.problems.map(({ input }) => input)).toEqual([
      `recipe ${uuidNumber(0)}: max-parallel`,
      `recipe ${uuidNumber(1)}`,
      `recipe ${uuidNumber(2)}: max-timeout-run`,
    ]);
    expect(error.problems[1]?.message).toMatch(/^was not found: check the UUID/);
  });

  test.each([
    ['the key may not read', refused(403), 1],
    ['the service has trouble', refused(500), 6],
    ['the answers are lost', troubled('no-answer'), 6],
  ])('%s: that stops only a cook that needs the recipe', async (_, unread, reads) => {
    const { plans, error, client } = await plan([request(0)], [unread]);
    expect(error).toBeNull();
    expect(plans[0]).toMatchObject({ recipe: null, unread, body: {} });
    expect(client.calls).toHaveLength(reads);
    const needy = await plan([request(0, { container: { image: 'a' } })], [unread]);
    expect(needy.error).toBe(unread);
    const ceilings = { maxHourlyRateUsd: 1, maxCostUsd: 1 };
    expect((await plan([request(0)], [unread], { ceilings, recipes: [{ uuid: '' }] })).error).toBe(
      unread,
    );
  });

  test('a service that is not there', async () => {
    const { error } = await plan([request(0)], [troubled('unreachable')]);
    expect(error).toMatchObject({ trouble: 'unreachable' });
  });

  test('a read that takes longer than two minutes counts as one that failed', async () => {
    const clock = createMadeUpClock();
    const client = fakeClient(
      clock,
      () => {
        throw troubled('no-answer');
      },
      60_000,
    );
    client.host.answered();
    const { plans, error } = await planCooks([request(0)], client, never, inputs);
    expect(error).toBeNull();
    expect(plans[0]?.unread).toMatchObject({ trouble: 'no-answer' });
    expect(clock.monotonicMs()).toBeLessThanOrEqual(180_000);
  });

  test('the end of the step', async () => {
    const { error } = await plan([request(0)], [batch], {}, AbortSignal.abort());
    expect(error).toBeInstanceOf(InterruptedError);
  });
});

describe('a pinned recipe', () => {
  const parameters = { type: 'docker', parameters: { image: 'a', env: { B: 'é' } } };
  const payload = {
    task: 'BATCH',
    max_timeout_run_ms: 60_000,
    gpu_name: null,
    cpu_count: null,
    parameters,
  };
  const canonical =
    '{"cpu_count":null,"gpu_name":null,"max_timeout_run_ms":60000,"parameters":{"parameters":{"env":{"B":"\\u00e9"},"image":"a"},"type":"docker"},"task":"BATCH"}';
  const pin = `sha256:${createHash('sha256').update(canonical).digest('hex')}`;

  test('that is as it was reviewed is sent whole', async () => {
    const fields = { title: 'Nightly', max_timeout_run_ms: 120_000 };
    const { plans, error } = await plan([request(0, { pin, fields })], [payload]);
    expect(error).toBeNull();
    // The service takes null for some fields alone.
    expect(plans[0]?.body).toEqual({ task: 'BATCH', gpu_name: null, ...fields, parameters });
  });

  test('that has changed: nothing is cooked, and both hashes are told', async () => {
    const changed = { ...payload, max_timeout_run_ms: 60_001 };
    const { error } = await plan([request(0, { pin }), request(1)], [changed, batch]);
    if (!(error instanceof InputError)) throw new Error('it is another error');
    const [problem, ...others] = error.problems;
    expect(others).toEqual([]);
    expect(problem?.input).toBe(`recipe ${uuidNumber(0)}: pin`);
    expect(problem?.message).toContain(`, and you pinned ${pin}.`);
    expect(problem?.message).toContain('compare the recipe with the version that you reviewed');
  });

  test.each([
    ['cannot be read', refused(403), { status: 403 }],
    ['keeps its fields to itself', null, { problems: [{ input: `recipe ${uuidNumber(0)}: pin` }] }],
  ])('that %s is an error', async (_, hidden, expected) => {
    expect((await plan([request(0, { pin })], [hidden])).error).toMatchObject(expected);
  });
});

test('of several models the first one on offer within the ceiling is cooked, else the first', () => {
  const requirements = { filters: {}, gpuName: null };
  const offers = { count: 1, isCut: false, minUsd: 1, maxUsd: 1, maxHours: null };
  const overBudget = { kind: 'offers', amountUsd: 1, ceilingUsd: 0.5 } as const;
  const none: Prices = { requirements, offers: null, nearestGpu: null, overBudget: null };
  const fine: Prices = { requirements, offers, nearestGpu: null, overBudget: null };
  const over: Prices = { requirements, offers, nearestGpu: null, overBudget };
  const choose = (prices: readonly (Prices | null)[]) =>
    chooseModel(prices.map((each, place) => ({ prices: each, place })))?.place;
  expect(choose([none, over, fine, fine])).toBe(2);
  expect(choose([null, none, over])).toBe(0);
  expect(choose([])).toBeUndefined();
});

test('of an entry with several models, nothing bounds the cost', async () => {
  const offers = { count: 1, isCut: false, minUsd: 1, maxUsd: 1, maxHours: 2 };
  const prices: Prices = {
    requirements: { filters: {}, gpuName: null },
    offers,
    nearestGpu: null,
    overBudget: null,
  };
  const requests = [request(0), request(0, { index: 1 }), request(0, { index: 1 })];
  const { plans } = await plan(requests, [batch]);
  const entries = await priceEntries(plans, async () => prices);
  expect(entries.map((entry) => entry.prices?.offers?.maxHours)).toEqual([2, null]);
});
