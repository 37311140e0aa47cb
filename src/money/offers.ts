import { closestMatch } from 'leven';
import { withDeadline } from '../clock.ts';
import type { Client } from '../service/client.ts';
import { listOffers } from '../service/endpoints.ts';
import { readAllPages } from '../service/lists.ts';
import { retryRules } from '../service/retry.ts';
import type { Offer } from '../service/schemas.ts';
import { asNumber, type Json, type JsonMapping } from '../service/json.ts';
import { exceedsRate, hasCeiling, type Ceilings } from './ceilings.ts';
import { hourMs } from './cost.ts';
import type { OfferSummary, OverBudget } from '../jobs/records.ts';

// What is on offer for a job before it is cooked, and at what price.

/** The machine that a job asks for, as far as offers say it. */
export interface HardwareRequirements {
  /** The filters of the list of offers, by the names of the cook fields. */
  readonly filters: Readonly<Record<string, string>>;
  /** Compared with the offers here: a name has spaces, which clients sign differently in a query. */
  readonly gpuName: string | null;
}

export interface Offers {
  /** Those that match, the cheapest first. */
  readonly offers: readonly Offer[];
  /** Whether the service has more than were read. */
  readonly isCut: boolean;
  /** The GPUs on offer that match but for their name; foreign text. */
  readonly gpuNames: readonly string[];
}

const filterFields =
  'cpu_count gpu_count gpu_registry_uuid min_vram_gb min_ram_gb min_storage_gb allowed_region_codes';

/**
 * What to look for.
 * @param fields the cook fields: the recipe's, and on them what is sent
 */
export function requirementsOf(fields: JsonMapping): HardwareRequirements {
  const filters = filterFields.split(' ').flatMap((name) => {
    const value = filterValue(fields[name]);
    return value === null ? [] : [[name, value] as const];
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

const maxPages = 10;
const maxAgeMs = 60_000;

/**
 * A way to the offers that reads each list once a minute at most, however many entries ask for it.
 * It rejects with ServiceError, or InterruptedError where they did not come in time.
 * @param maxMs how long a list is waited for
 */
export function createOfferReader(client: Client, signal: AbortSignal, maxMs: number) {
  const { clock } = client;
  const startRead = (filters: HardwareRequirements['filters']) => ({
    atMs: clock.monotonicMs(),
    list: withDeadline(clock, maxMs, signal, async (inTime) => readAll(client, filters, inTime)),
  });
  const reads = new Map<string, ReturnType<typeof startRead>>();
  return async ({ filters, gpuName }: HardwareRequirements): Promise<Offers> => {
    const key = JSON.stringify(filters);
    const known = reads.get(key);
    const isFresh = known !== undefined && clock.monotonicMs() - known.atMs < maxAgeMs;
    const read = isFresh ? known : startRead(filters);
    reads.set(key, read);
    const { items, isWhole } = await read.list;
    const isWanted = (name: string) => comparable(name) === comparable(gpuName ?? '');
    const offers = items
      .filter((offer) => gpuName === null || gpuNamesOf(offer).some(isWanted))
      .toSorted((a, b) => a.pricing.hourly_rate_usd - b.pricing.hourly_rate_usd);
    return { offers, isCut: !isWhole, gpuNames: [...new Set(items.flatMap(gpuNamesOf))] };
  };
}

async function readAll(
  client: Client,
  filters: HardwareRequirements['filters'],
  signal: AbortSignal,
) {
  const named = Object.entries(filters).map(([name, value]) => [`filter[${name}]`, value] as const);
  const read = async (page: number) =>
    listOffers(client, { ...Object.fromEntries(named), page: String(page) }, signal);
  return readAllPages(read, retryRules.plan, { ...client, signal }, maxPages);
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
  const nodes = Math.max(1, asNumber(fields['max_node_count']) ?? 1);
  const minUsd = nodes * cheapest.pricing.hourly_rate_usd;
  const maxUsd = nodes * mostExpensive.pricing.hourly_rate_usd;
  const limitMs = fields['task'] === 'PERSISTENT' ? null : asNumber(fields['max_timeout_run_ms']);
  const runs = (asNumber(fields['max_retry_count']) ?? 0) + 1;
  const maxHours = limitMs === null ? null : (runs * limitMs) / hourMs;
  return { count: found.offers.length, isCut: found.isCut, minUsd, maxUsd, maxHours };
}

/** The GPU with the name that is most like the one that was asked for; null where there is none. */
export function nearestGpu({ gpuNames }: Offers, asked: string | null): string | null {
  return asked === null ? null : (closestMatch(asked, [...gpuNames]) ?? null);
}

/**
 * Most that jobs can cost together, by the offers for each, in US dollars.
 * @returns null where that is not known, or nothing bounds it
 */
export function maxCostOf(
  offers: readonly (OfferSummary | null)[],
  { maxHourlyRateUsd }: Pick<Ceilings, 'maxHourlyRateUsd'>,
): number | null {
  return offers.reduce<number | null>((sum, each) => {
    const maxHours = each?.maxHours ?? null;
    if (sum === null || each === null || maxHours === null) return null;
    return sum + Math.min(each.maxUsd, maxHourlyRateUsd ?? Infinity) * maxHours;
  }, 0);
}

export interface Prices {
  readonly requirements: HardwareRequirements;
  /** null where there are none. */
  readonly offers: OfferSummary | null;
  /** Where there are none because of the name of the GPU, the one most like it; foreign text. */
  readonly nearestGpu: string | null;
  /** Why it must not be cooked. */
  readonly overBudget: OverBudget | null;
}

export type PriceReader = ReturnType<typeof createPriceReader>;

// Slow offers delay no cook for longer; with a ceiling, the step waits longer for them.
const maxOffersMs = 5_000;
const maxOffersWithCeilingMs = 60_000;

/**
 * Rejects with ServiceError where the offers cannot be read, InterruptedError where not in time.
 * @param signal fires when nothing more may be asked
 */
export function createPriceReader(client: Client, signal: AbortSignal, ceilings: Ceilings) {
  const maxMs = hasCeiling(ceilings) ? maxOffersWithCeilingMs : maxOffersMs;
  const readOffers = createOfferReader(client, signal, maxMs);
  /** @param plan its cook fields, and why its recipe could not be read */
  return async ({ fields, unread }: { fields: JsonMapping; unread: Error | null }) => {
    if (unread !== null) throw unread;
    const requirements = requirementsOf(fields);
    const found = await readOffers(requirements);
    const offers = summarizeOffers(found, fields);
    const nearest = offers === null ? nearestGpu(found, requirements.gpuName) : null;
    const overBudget = exceedsRate(offers, ceilings);
    return { requirements, offers, nearestGpu: nearest, overBudget } satisfies Prices;
  };
}
