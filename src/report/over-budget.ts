import type { OverBudget } from '../jobs/records.ts';
import { formatDuration, formatExactUsd } from './format.ts';

/** What a job was too dear by, and what to change. All of it is our own text. */
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
        cause: `It was put on a machine at ${formatExactUsd(why.amountUsd)} an hour, all its nodes together; max-hourly-rate is ${ceiling}.`,
        remedy: `Run it again for another machine, raise max-hourly-rate, or ${otherHardware}.`,
      };
    case 'cost':
      return {
        cause: `The jobs of this step had cost ${formatExactUsd(why.amountUsd)} together, and max-cost is ${ceiling}: it would have been passed before they could be cancelled later.`,
        remedy: 'Raise max-cost, cook fewer jobs, or have them take less time.',
      };
    case 'rest':
      return {
        cause: `The jobs before it had cost ${formatExactUsd(why.amountUsd)}, and what is left of max-cost, ${ceiling}, is not enough for a minute.`,
        remedy: 'Raise max-cost, cook fewer jobs, or have them take less time.',
      };
    case 'share':
      return {
        cause: `It ran for ${formatDuration(why.limitMs)}, its share of max-cost, ${ceiling}, and the service ended it.`,
        remedy: 'Raise max-cost, cook fewer jobs, or have them take less time.',
      };
  }
}

const otherHardware =
  'ask for other hardware: gpu-name, gpu-count, min-vram-gb, allowed-region-codes';
