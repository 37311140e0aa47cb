import type { OverBudget } from '../jobs/records.ts';
import { formatDuration, formatExactUsd } from './format.ts';

const changeHardware =
  'ask for other hardware: gpu-name, gpu-count, min-vram-gb, allowed-region-codes';
const raiseMaxCost = 'Raise max-cost, cook fewer jobs, or shorten them.';

/** Why a job was over budget, and what to change. All of it is our own text. */
export function describeOverBudget(why: OverBudget): {
  readonly cause: string;
  readonly remedy: string;
} {
  const ceiling = formatExactUsd(why.ceilingUsd);
  const amount = why.kind === 'share' ? '' : formatExactUsd(why.amountUsd);
  switch (why.kind) {
    case 'share':
      return {
        cause: `It ran for ${formatDuration(why.limitMs)}, its share of max-cost (${ceiling}), and the service ended it.`,
        remedy: raiseMaxCost,
      };
    case 'offers':
      return {
        cause: `Every matching offer costs more than max-hourly-rate, ${ceiling} an hour: the cheapest is ${amount}.`,
        remedy: `Raise max-hourly-rate, or ${changeHardware}.`,
      };
    case 'rate':
      return {
        cause: `Its machine costs ${amount} an hour, all nodes included. max-hourly-rate is ${ceiling}.`,
        remedy: `Run it again to get another machine, raise max-hourly-rate, or ${changeHardware}.`,
      };
    case 'rest':
      return {
        cause: `The earlier jobs cost ${amount}. What remains of max-cost, ${ceiling}, does not pay for a minute of this job.`,
        remedy: raiseMaxCost,
      };
    case 'cost':
      return {
        // It may be more: a rate may become known late.
        cause: `The jobs of this step cost ${amount} together, and max-cost is ${ceiling}. Jobs are canceled before they exceed it, as far as their rates are known.`,
        remedy: raiseMaxCost,
      };
  }
}
