import { atLeast, oneOfTexts, oneOfUuids } from './lists.ts';
import type { Filters } from './lists.ts';
import type { Offer } from './resources.ts';
import type { Generation } from './types.ts';
import { uuidFrom } from './uuids.ts';

/** A kind of machine that a simulator has on offer. */
export interface OfferScript {
  gpu: string;
  /** Default 1. */
  gpuCount?: number;
  vramGib?: number;
  cpuCores?: number;
  ramGib?: number;
  hourlyRateUsd: number;
  region?: string;
}

/** From the cheapest to the dearest that was seen: 0.35 to 4.14 USD an hour. */
export const exampleOffers: readonly OfferScript[] = [
  { gpu: 'RTX 3090', cpuCores: 8, ramGib: 32, hourlyRateUsd: 0.35 },
  { gpu: 'RTX 4090', cpuCores: 16, ramGib: 64, hourlyRateUsd: 0.69, region: 'eu-central-1' },
  { gpu: 'H100', vramGib: 80, cpuCores: 26, ramGib: 200, hourlyRateUsd: 4.14, region: 'us-west-2' },
];

/** What is on offer at the time `quotedAt`. */
export function offersAt(machines: readonly OfferScript[], quotedAt: string): Offer[] {
  return machines.map((machine, index) => offerOf(machine, index, quotedAt));
}

function offerOf(machine: OfferScript, index: number, quotedAt: string): Offer {
  const { gpu, gpuCount = 1, vramGib = 24, hourlyRateUsd, region = 'us-east-1' } = machine;
  const { cpuCores = 16, ramGib = 64 } = machine;
  const count = gpuCount;
  const model = { count, gpu_registry_uuid: uuidFrom(gpu), min_vram_gib: vramGib, name: gpu };
  return {
    object: 'compute_offer',
    offer_id: uuidFrom(`offer ${index} of ${gpu}`),
    availability: { status: 'available' },
    region_code: region,
    hardware_summary: {
      cpu_cores: cpuCores,
      gpu_count: count,
      gpu_model_label: gpu,
      gpu_models: [model],
      ram_gib: ramGib,
      storage_gib: 500,
    },
    pricing: { hourly_rate_usd: hourlyRateUsd, quoted_at: quotedAt },
  };
}

const filters: Filters<Offer> = {
  cpu_count: atLeast((offer) => offer.hardware_summary.cpu_cores),
  gpu_count: atLeast((offer) => offer.hardware_summary.gpu_count),
  gpu_name: oneOfTexts((offer) => offer.hardware_summary.gpu_models[0]?.name ?? null),
  gpu_registry_uuid: oneOfUuids(
    (offer) => offer.hardware_summary.gpu_models[0]?.gpu_registry_uuid ?? null,
  ),
  min_vram_gb: atLeast((offer) => offer.hardware_summary.gpu_models[0]?.min_vram_gib ?? 0),
  min_ram_gb: atLeast((offer) => offer.hardware_summary.ram_gib),
  min_storage_gb: atLeast((offer) => offer.hardware_summary.storage_gib),
};

/** The filters of the list of offers; regions are a matter of the new generation. */
export function offerFilters(generation: Generation): Filters<Offer> {
  if (generation === 'old') return filters;
  return { ...filters, allowed_region_codes: oneOfTexts((offer) => offer.region_code) };
}
