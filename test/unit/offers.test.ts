import { expect, test } from '@jest/globals';
import {
  createOfferReader,
  requirementsOf,
  summarizeOffers,
  whyNoOffers,
  type Offers,
} from '../../src/money/offers.ts';
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
  const read = createOfferReader(
    clientWith(() => market),
    never,
  );
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
  const read = createOfferReader(
    clientWith(() => [offer(offered, 1)]),
    never,
  );
  expect((await read({ filters: {}, gpuName: asked })).offers).toHaveLength(isSame ? 1 : 0);
});

test('each list is read once, and no name of a GPU is sent', async () => {
  const client = clientWith(() => market);
  const read = createOfferReader(client, never);
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
  const found = await createOfferReader(client, never)(anything);
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
  const found = await createOfferReader(client, never)(anything);
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
  const read = createOfferReader(
    clientWith(() => odd),
    never,
  );
  expect(ratesOf(await read(anything))).toEqual({ minUsd: 2, maxUsd: 3 });
});

test('offers are asked for again where that may help', async () => {
  let asked = 0;
  const client = fakeClient(createMadeUpClock(), (call) => {
    asked += 1;
    if (asked < 6) throw refused(503);
    return page(call, market);
  });
  expect((await createOfferReader(client, never)(anything)).offers).toHaveLength(3);
  const gone = fakeClient(createMadeUpClock(), () => {
    throw refused(404);
  });
  await expect(createOfferReader(gone, never)(anything)).rejects.toMatchObject({ status: 404 });
  expect(gone.calls).toHaveLength(1);
});

test('the filters that leave nothing are named, in at most 8 requests', async () => {
  const client = clientWith(({ query = {} }) =>
    'filter[min_vram_gb]' in query || 'filter[allowed_region_codes]' in query ? [] : market,
  );
  const read = createOfferReader(client, never);
  const wish = requirementsOf({ cpu_count: 1, min_vram_gb: 96, gpu_name: 'H100' });
  expect((await read(wish)).offers).toEqual([]);
  expect(await whyNoOffers(wish, read)).toEqual({ fields: ['min_vram_gb'], nearestGpu: null });
  const both = { cpu_count: 1, gpu_count: 1, min_ram_gb: 1, min_storage_gb: 1, min_vram_gb: 1 };
  const strict = requirementsOf({ ...both, gpu_name: 'H100', allowed_region_codes: ['eu-west-1'] });
  const before = client.calls.length;
  expect(await whyNoOffers(strict, read)).toEqual({ fields: [], nearestGpu: null });
  expect(client.calls.length - before).toBeLessThanOrEqual(8);
});

test('of an unknown GPU the nearest name is told', async () => {
  const read = createOfferReader(
    clientWith(() => market),
    never,
  );
  const why = await whyNoOffers(requirementsOf({ gpu_name: 'RTX 4099', gpu_count: 1 }), read);
  expect(why).toEqual({ fields: ['gpu_name'], nearestGpu: 'RTX 4090' });
});
