import { atLeast, oneOfTexts, oneOfUuids } from './lists.ts';
import type { Filters } from './lists.ts';
import type { Offer } from './resources.ts';
import type { Generation } from './types.ts';
import { uuidFrom } from './uuids.ts';

type Machine = readonly [
  gpu: string,
  vramGib: number,
  cpuCores: number,
  ramGib: number,
  hourlyRateUsd: number,
  region: string,
];

/** From the cheapest to the dearest that was seen: 0.35 to 4.14 USD an hour. */
const machines: readonly Machine[] = [
  ['RTX 3090', 24, 8, 32, 0.35, 'us-east-1'],
  ['RTX 4090', 24, 16, 64, 0.69, 'eu-central-1'],
  ['H100', 80, 26, 200, 4.14, 'us-west-2'],
];

/** What is on offer at the time `quotedAt`. */
export function offersAt(quotedAt: string): Offer[] {
  return machines.map((machine) => offerOf(machine, quotedAt));
}

function offerOf(machine: Machine, quotedAt: string): Offer {
  const [gpu, vramGib, cpuCores, ramGib, hourlyRateUsd, region] = machine;
  const model = { count: 1, gpu_registry_uuid: uuidFrom(gpu), min_vram_gib: vramGib, name: gpu };
  return {
    object: 'compute_offer',
    offer_id: uuidFrom(`offer of ${gpu}`),
    availability: 'available',
    region_code: region,
    hardware_summary: {
      cpu_cores: cpuCores,
      gpu_count: model.count,
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
