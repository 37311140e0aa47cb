import type { OverBudget } from '../jobs/records.ts';
import { formatDuration, formatExactUsd } from './format.ts';

const changeHardware =
  'ask for other hardware: gpu-name, gpu-count, min-vram-gb, allowed-region-codes';
const raiseMaxCost = 'Raise max-cost, cook fewer jobs, or shorten them.';

const say = (cause: string, remedy = raiseMaxCost) => ({ cause, remedy });

/** Why a job was over budget, and what to change. All of it is our own text. */
export function describeOverBudget(why: OverBudget) {
  const ceiling = formatExactUsd(why.ceilingUsd);
  if (why.kind === 'share') {
    const time = formatDuration(why.limitMs);
    return say(`It ran for ${time}, its share of max-cost (${ceiling}), and the service ended it.`);
  }
  const amount = formatExactUsd(why.amountUsd);
  switch (why.kind) {
    case 'offers':
      return say(
        `Every matching offer costs more than max-hourly-rate, ${ceiling} an hour: the cheapest is ${amount}.`,
        `Raise max-hourly-rate, or ${changeHardware}.`,
      );
    case 'rate':
      return say(
        `Its machine costs ${amount} an hour, all nodes included. max-hourly-rate is ${ceiling}.`,
        `Run it again to get another machine, raise max-hourly-rate, or ${changeHardware}.`,
      );
    case 'rest':
      return say(
        `The earlier jobs cost ${amount}. What remains of max-cost, ${ceiling}, does not pay for a minute of this job.`,
      );
    case 'cost':
      // It may be more: a rate may become known late.
      return say(
        `The jobs of this step cost ${amount} together, and max-cost is ${ceiling}. Jobs are canceled before they exceed it, as far as their rates are known.`,
      );
  }
}
