import { closestMatch } from 'leven';
import type { Client } from '../service/client.ts';
import { listOffers } from '../service/endpoints.ts';
import { readAllPages } from '../service/pages.ts';
import { retryRules } from '../service/retry.ts';
import type { Offer } from '../service/schemas.ts';
import type { Json, JsonMapping } from '../service/json.ts';
import { hourMs } from './cost.ts';
import type { OfferSummary } from '../jobs/records.ts';

// What is on offer for a job before it is cooked, and at what price.

/** The machine that a job asks for, as far as offers can be told apart by it. */
export interface HardwareRequirements {
  /** The filters of the list of offers, by the names of the cook fields. */
  readonly filters: Readonly<Record<string, string>>;
  /** Compared with the offers here: a name has spaces, which clients sign differently in a query. */
  readonly gpuName: string | null;
}

/** The offers that match, the cheapest first. */
export interface Offers {
  readonly offers: readonly Offer[];
  /** Whether the service has more than were read. */
  readonly isCut: boolean;
}

/** Reads what is on offer; rejects with ServiceError or InterruptedError. */
export type OfferReader = (wish: HardwareRequirements) => Promise<Offers>;

const filterFields = [
  'cpu_count',
  'gpu_count',
  'gpu_registry_uuid',
  'min_vram_gb',
  'min_ram_gb',
  'min_storage_gb',
  'allowed_region_codes',
] as const;

/**
 * What to look for.
 * @param fields the cook fields: the recipe's, and on them what is sent
 */
export function requirementsOf(fields: JsonMapping): HardwareRequirements {
  const filters = filterFields.flatMap((name): readonly (readonly [string, string])[] => {
    const value = filterValue(fields[name]);
    return value === null ? [] : [[name, value]];
  });
  const { gpu_name: gpuName } = fields;
  const hasName = typeof gpuName === 'string' && gpuName.trim() !== '';
  return { filters: Object.fromEntries(filters), gpuName: hasName ? gpuName : null };
}

// 0 asks for nothing. The filters take whole numbers, the cook fractions.
function filterValue(value: Json | undefined): string | null {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(String).join(',');
  if (typeof value === 'number') return value > 0 ? String(Math.ceil(value)) : null;
  return typeof value === 'string' && value !== '' ? value : null;
}

// 500 offers: more than anybody compares.
const maxPages = 10;

// What is on offer changes by the minute.
const maxAgeMs = 60_000;

/** A way to the offers that reads each list once a minute at most, however many entries ask for it. */
export function createOfferReader(client: Client, signal: AbortSignal): OfferReader {
  const lists = new Map<string, { readonly readAtMs: number; readonly list: Promise<Offers> }>();
  return async ({ filters, gpuName }) => {
    const key = JSON.stringify(filters);
    const nowMs = client.clock.monotonicMs();
    const known = lists.get(key);
    const isFresh = known !== undefined && nowMs - known.readAtMs < maxAgeMs;
    const list = isFresh ? known.list : readAll(client, filters, signal);
    if (!isFresh) lists.set(key, { readAtMs: nowMs, list });
    const { offers, isCut } = await list;
    return { offers: offers.filter((offer) => hasGpu(offer, gpuName)), isCut };
  };
}

async function readAll(
  client: Client,
  filters: HardwareRequirements['filters'],
  signal: AbortSignal,
): Promise<Offers> {
  const named = Object.entries(filters).map(([name, value]) => [`filter[${name}]`, value] as const);
  const read = async (page: number) =>
    listOffers(client, { ...Object.fromEntries(named), page: String(page) }, signal);
  const list = { client, signal, rule: retryRules.offers, read };
  const { items, isWhole } = await readAllPages(list, maxPages);
  const byPrice = items.toSorted((a, b) => a.pricing.hourly_rate_usd - b.pricing.hourly_rate_usd);
  return { offers: byPrice, isCut: !isWhole };
}

/** Whether an offer has a GPU of this name. */
function hasGpu(offer: Offer, gpuName: string | null): boolean {
  return (
    gpuName === null || gpuNamesOf(offer).some((name) => comparable(name) === comparable(gpuName))
  );
}

function gpuNamesOf({ hardware_summary: hardware }: Offer): readonly string[] {
  const models = hardware?.gpu_models ?? [];
  const names = [...models.map(({ name }) => name), hardware?.gpu_model_label];
  return names.filter((name) => typeof name === 'string');
}

// The same model is `NVIDIA GeForce RTX 4090`, `NVIDIA RTX 4090` and `RTX 4090`, from page to page.
function comparable(name: string): string {
  const words = name
    .toLowerCase()
    .replaceAll(/\b(?:nvidia|amd|intel|geforce|radeon|tesla|quadro)\b/g, '');
  return words.replaceAll(/[\s_-]+/g, '') || name.toLowerCase();
}

/**
 * What the reports say of offers; null where there are none.
 * @param fields the cook fields: the recipe's, and on them what is sent
 */
export function summarizeOffers(found: Offers, fields: JsonMapping): OfferSummary | null {
  const [cheapest] = found.offers;
  const mostExpensive = found.offers.at(-1);
  if (cheapest === undefined || mostExpensive === undefined) return null;
  const minUsd = cheapest.pricing.hourly_rate_usd;
  const maxUsd = mostExpensive.pricing.hourly_rate_usd;
  const { task, max_timeout_run_ms: limitMs } = fields;
  const isBounded = task !== 'PERSISTENT' && typeof limitMs === 'number';
  const runs = numberOr(fields['max_retry_count'], 0) + 1;
  const nodes = Math.max(1, numberOr(fields['max_node_count'], 1));
  const hours = isBounded ? (limitMs / hourMs) * runs * nodes : null;
  const maxCostUsd = hours === null ? null : maxUsd * hours;
  return { count: found.offers.length, isCut: found.isCut, minUsd, maxUsd, maxCostUsd };
}

function numberOr(value: Json | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

/** Why nothing matches. */
export interface NoOffers {
  /** The cook fields without which alone there would be offers. */
  readonly fields: readonly string[];
  /** A GPU on offer with a name like the one that was asked for and is not known; foreign text. */
  readonly nearestGpu: string | null;
}

/** Finds out why nothing matches: at most 8 requests, each without one of the filters. */
export async function whyNoOffers(
  { filters, gpuName }: HardwareRequirements,
  read: OfferReader,
): Promise<NoOffers> {
  const looser = Object.keys(filters).map((field) => {
    const left = Object.entries(filters).filter(([name]) => name !== field);
    return { field, filters: Object.fromEntries(left), gpuName };
  });
  if (gpuName !== null) looser.unshift({ field: 'gpu_name', filters, gpuName: null });
  const found = await Promise.all(
    looser.map(async ({ field, ...requirements }) => {
      return (await read(requirements)).offers.length > 0 ? [field] : [];
    }),
  );
  return { fields: found.flat(), nearestGpu: await nearestGpu(gpuName, read) };
}

async function nearestGpu(gpuName: string | null, read: OfferReader): Promise<string | null> {
  if (gpuName === null) return null;
  const { offers } = await read({ filters: {}, gpuName: null });
  const names = [...new Set(offers.flatMap(gpuNamesOf))];
  if (names.some((name) => comparable(name) === comparable(gpuName))) return null;
  return closestMatch(gpuName, names) ?? null;
}
