import { expect, test } from '@jest/globals';
import {
  createOfferReader,
  maxCostOf,
  nearestGpu,
  requirementsOf,
  summarizeOffers,
  type Offers,
} from '../../src/money/offers.ts';
import type { JsonMapping } from '../../src/service/json.ts';
import { fakeClient, never, refused, type FakeClient, type SentCall } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';

const offer = (name: string, rate: unknown, more: object = {}) => ({
  offer_id: name,
  availability: { anything: ['at', 'all'] },
  hardware_summary: { gpu_count: 1, gpu_model_label: name, gpu_models: [{ count: 1, name }] },
  pricing: { hourly_rate_usd: rate, quoted_at: '2026-03-01T00:00:00Z' },
  ...more,
});

function ratesOf(found: Offers) {
  const summary = summarizeOffers(found, {});
  return summary && { minUsd: summary.minUsd, maxUsd: summary.maxUsd };
}

const market = [offer('RTX 4090', 0.69), offer('RTX 3090', 0.35), offer('H100', 4.14)];

function page(call: SentCall, all: readonly unknown[]): unknown {
  const from = (Number(call.query?.['page'] ?? 1) - 1) * 50;
  return { data: all.slice(from, from + 50), total: all.length };
}

function clientWith(answer: (call: SentCall) => readonly unknown[]): FakeClient {
  return fakeClient(createMadeUpClock(), (call) => page(call, answer(call)));
}

const readerOf = (client: FakeClient) => createOfferReader(client, never, 60_000);
const anything = requirementsOf({});

test.each([
  [{}, {}, null],
  [
    { cpu_count: 0.5, gpu_count: 0, min_ram_gb: 64, gpu_name: null },
    { cpu_count: '1', min_ram_gb: '64' },
    null,
  ],
  // The filters are whole numbers: rounded up, never down.
  [{ min_vram_gb: 23.5, min_storage_gb: 24.01 }, { min_vram_gb: '24', min_storage_gb: '25' }, null],
  [{ gpu_name: 'RTX 4090', title: 'x' }, {}, 'RTX 4090'],
  [
    { allowed_region_codes: ['eu-west-1', 'us-east-1'] },
    { allowed_region_codes: 'eu-west-1,us-east-1' },
    null,
  ],
  [{ allowed_region_codes: [], gpu_registry_uuid: 'u' }, { gpu_registry_uuid: 'u' }, null],
])('of %j the filters are %j and the GPU is %j', (fields, filters, gpuName) => {
  expect(requirementsOf(fields)).toEqual({ filters, gpuName });
});

test('offers come with their rates, the cheapest first', async () => {
  const read = readerOf(clientWith(() => market));
  expect(ratesOf(await read(anything))).toEqual({ minUsd: 0.35, maxUsd: 4.14 });
  const found = await read({ filters: {}, gpuName: 'rtx  4090' });
  expect(ratesOf(found)).toEqual({ minUsd: 0.69, maxUsd: 0.69 });
  expect(ratesOf(await read({ filters: {}, gpuName: 'RTX 409' }))).toBeNull();
});

test.each([
  ['RTX 4090', 'NVIDIA GeForce RTX 4090', true],
  ['nvidia rtx4090', 'RTX 4090', true],
  ['H100-SXM', 'NVIDIA H100 SXM', true],
  ['Tesla T4', 'NVIDIA T4', true],
  ['RTX 4090', 'RTX 4090 D', false],
  ['RTX 4090', 'RTX 409', false],
  ['Radeon', 'GeForce', false],
])('%s is the model %s: %s', async (asked, offered, isSame) => {
  const read = readerOf(clientWith(() => [offer(offered, 1)]));
  expect((await read({ filters: {}, gpuName: asked })).offers).toHaveLength(isSame ? 1 : 0);
});

test('each list is read once, and no name of a GPU is sent', async () => {
  const client = clientWith(() => market);
  const read = readerOf(client);
  const wishes = ['RTX 4090', 'H100', null].map((gpuName) => ({ filters: {}, gpuName }));
  await Promise.all([...wishes, ...wishes].map(read));
  await read({ filters: { cpu_count: '8' }, gpuName: null });
  expect(client.calls.map(({ query }) => query)).toEqual([
    { limit: '50', page: '1' },
    { limit: '50', page: '1', 'filter[cpu_count]': '8' },
  ]);
});

test.each([
  [49, 1, false],
  // A full page that is said to be the only one may have more behind it.
  [50, 2, false],
  [51, 2, false],
  [499, 10, false],
  [501, 10, true],
])('of %d offers %d pages are read, and there are more: %s', async (count, pages, isCut) => {
  const many = Array.from({ length: count }, (_, index) => offer('H100', index));
  const client = clientWith(() => many);
  const found = await readerOf(client)(anything);
  expect(found.isCut).toBe(isCut);
  expect(found.offers).toHaveLength(Math.min(count, 500));
  expect(client.calls).toHaveLength(pages);
});

test.each([
  [undefined, 30, 3],
  [70, 30, 3],
  [undefined, 70, 2],
  [undefined, 0, 1],
])('with a total of %s and pages of %d, %d are read', async (total, size, pages) => {
  const many = Array.from({ length: size === 0 ? 0 : 70 }, (_, index) => offer('H100', index));
  const client = fakeClient(createMadeUpClock(), ({ query }) => {
    const from = (Number(query?.['page']) - 1) * size;
    return { data: many.slice(from, from + size), ...(total !== undefined && { total }) };
  });
  const found = await readerOf(client)(anything);
  expect(found).toMatchObject({ offers: { length: many.length }, isCut: false });
  expect(client.calls).toHaveLength(pages);
});

test('what cannot be read of an offer is no trouble, but a price is needed', async () => {
  const odd = [
    offer('no price', null),
    offer('below zero', -1),
    offer('bare', 2, { hardware_summary: undefined, availability: undefined }),
    offer('odd', 3, { hardware_summary: { gpu_models: 'many', gpu_model_label: 7 } }),
    'none',
  ];
  const read = readerOf(clientWith(() => odd));
  expect(ratesOf(await read(anything))).toEqual({ minUsd: 2, maxUsd: 3 });
});

test('offers are asked for again where that may help', async () => {
  let asked = 0;
  const client = fakeClient(createMadeUpClock(), (call) => {
    asked += 1;
    if (asked < 6) throw refused(503);
    return page(call, market);
  });
  expect((await readerOf(client)(anything)).offers).toHaveLength(3);
  const gone = fakeClient(createMadeUpClock(), () => {
    throw refused(404);
  });
  await expect(readerOf(gone)(anything)).rejects.toMatchObject({ status: 404 });
  expect(gone.calls).toHaveLength(1);
});

test('of an unknown GPU the nearest name with the same machine is told', async () => {
  const client = clientWith(({ query = {} }) => ('filter[gpu_count]' in query ? market : []));
  const read = readerOf(client);
  const nearest = async (fields: JsonMapping) => {
    const { filters, gpuName } = requirementsOf(fields);
    return nearestGpu(await read({ filters, gpuName }), gpuName);
  };
  expect(await nearest({ gpu_name: 'RTX 4099', gpu_count: 1 })).toBe('RTX 4090');
  expect(await nearest({ gpu_name: 'RTX 4099', cpu_count: 900 })).toBeNull();
  expect(await nearest({ gpu_count: 1 })).toBeNull();
  expect(client.calls).toHaveLength(2);
});

test('what a job can cost counts all its nodes, and all its runs', async () => {
  const found = await readerOf(clientWith(() => market))(anything);
  const hours = (more: JsonMapping) => ({ max_timeout_run_ms: 7_200_000, ...more });
  const rates = { minUsd: 0.35, maxUsd: 4.14 };
  expect(summarizeOffers(found, hours({}))).toMatchObject({ ...rates, maxHours: 2 });
  expect(summarizeOffers(found, hours({ max_retry_count: 2 }))).toMatchObject({ maxHours: 6 });
  expect(summarizeOffers(found, hours({ task: 'PERSISTENT' }))).toMatchObject({ maxHours: null });
  expect(summarizeOffers(found, hours({ max_node_count: 4 }))).toMatchObject({
    minUsd: 1.4,
    maxUsd: 16.56,
    maxHours: 2,
  });
});

test.each<[number | null, number | null, number | null]>([
  [4, null, 99.36],
  [4, 0.5, 12],
  [null, null, null],
])(
  'six jobs of %p hours with max-hourly-rate %p cost %p USD at the most',
  (maxHours, rate, usd) => {
    const each = { count: 3, isCut: false, minUsd: 0.35, maxUsd: 4.14, maxHours };
    const all = Array.from({ length: 6 }, () => each);
    const ceilings = { maxHourlyRateUsd: rate };
    const most = maxCostOf(all, ceilings);
    expect(most === null ? null : Number(most.toFixed(9))).toBe(usd);
    expect(maxCostOf([...all, null], ceilings)).toBeNull();
  },
);
