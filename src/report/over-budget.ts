import type { OverBudget } from '../jobs/records.ts';
import { formatDuration, formatExactUsd } from './format.ts';

/** Why a job was over budget, and what to change. All of it is our own text. */
export function describeOverBudget(why: OverBudget): {
  readonly cause: string;
  readonly remedy: string;
} {
  const ceiling = formatExactUsd(why.ceilingUsd);
  switch (why.kind) {
    case 'offers':
      return {
        cause: `Every matching offer costs more than max-hourly-rate, ${ceiling} an hour: the cheapest is ${formatExactUsd(why.amountUsd)}.`,
        remedy: `Raise max-hourly-rate, or ${otherHardware}.`,
      };
    case 'rate':
      return {
        cause: `Its machine costs ${formatExactUsd(why.amountUsd)} an hour, all nodes included; max-hourly-rate is ${ceiling}.`,
        remedy: `Run it again to get another machine, raise max-hourly-rate, or ${otherHardware}.`,
      };
    case 'cost':
      return {
        cause: `The jobs of this step had cost ${formatExactUsd(why.amountUsd)} together. ${reachOf(why)}`,
        remedy: 'Raise max-cost, cook fewer jobs, or shorten them.',
      };
    case 'rest':
      return {
        cause: `The earlier jobs had cost ${formatExactUsd(why.amountUsd)}. What remains of max-cost, ${ceiling}, does not pay for a minute of this job.`,
        remedy: 'Raise max-cost, cook fewer jobs, or shorten them.',
      };
    case 'share':
      return {
        cause: `It ran for ${formatDuration(why.limitMs)}, its share of max-cost, ${ceiling}, and the service ended it.`,
        remedy: 'Raise max-cost, cook fewer jobs, or shorten them.',
      };
  }
}

function reachOf({ amountUsd, ceilingUsd }: { amountUsd: number; ceilingUsd: number }): string {
  const ceiling = `max-cost, ${formatExactUsd(ceilingUsd)}`;
  // Their rate may come late.
  if (amountUsd > ceilingUsd) return `That is more than ${ceiling}: it was not known earlier.`;
  return `With any more time they would have exceeded ${ceiling}, before a cancel took effect.`;
}

const otherHardware =
  'ask for other hardware: gpu-name, gpu-count, min-vram-gb, allowed-region-codes';
