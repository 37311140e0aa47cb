import type { OverBudget } from '../jobs/records.ts';
import { formatDuration, formatExactUsd } from './format.ts';

const changeHardware = 'change gpu-name, gpu-count, min-vram-gb, or allowed-region-codes';
const increaseMaxCost = 'Increase max-cost, cook fewer jobs, or shorten them.';

const say = (cause: string, remedy = increaseMaxCost) => ({ cause, remedy });

/** Why a job was over budget, and what to change, without foreign text. */
export function describeOverBudget(why: OverBudget) {
  const ceiling = formatExactUsd(why.ceilingUsd);
  const amount = why.kind === 'share' ? formatDuration(why.limitMs) : formatExactUsd(why.amountUsd);
  switch (why.kind) {
    case 'share':
      return say(
        `ran for ${amount}, the time that its share of max-cost (${ceiling}) pays for, and the service ended it.`,
      );
    case 'offers':
      return say(
        `Every matching offer costs more than max-hourly-rate (${ceiling}). The cheapest costs ${amount} an hour.`,
        `Increase max-hourly-rate, or ${changeHardware}.`,
      );
    case 'rate':
      return say(
        `The job costs ${amount} an hour, for all its machines. max-hourly-rate is ${ceiling}.`,
        `Run the workflow again to get another machine, increase max-hourly-rate, or ${changeHardware}.`,
      );
    case 'rest':
      return say(
        `The earlier jobs cost ${amount}, and max-cost is ${ceiling}. The rest does not pay for one minute of this job.`,
      );
    case 'cost':
      // It may be more: a rate may become known late.
      return say(
        `The jobs of this step cost ${amount} together, and max-cost is ${ceiling}. The action cancels jobs before they exceed max-cost, if their rates are known.`,
      );
  }
}
