import { createPriceReader, planCooks, priceEntries, type PlanInputs } from '../cooking/plan.ts';
import type { CookRequest } from '../cooking/request.ts';
import type { Deps } from '../deps.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { reportDryRun } from '../report/dry-run-report.ts';
import { withStep } from '../step/open.ts';
import type { StepPlan } from '../step/plan.ts';

/** Reads the recipe of each entry, and the offers for it, and shows what would be sent. Cooks nothing. */
export async function dryRun(
  requests: readonly CookRequest[],
  plan: StepPlan,
  inputs: PlanInputs,
  deps: Deps,
): Promise<void> {
  const { ceilings } = inputs;
  const dry = await withStep({ ...plan, logs: 'none' }, [], [], deps, async (step) => {
    const { client, end, budget, log } = step;
    // 1. Read the recipes, as a cook does.
    const tries = requests.flatMap((request) => [request, ...request.alternatives]);
    const { plans, error } = await planCooks(tries, client, end.signal, inputs);
    log.recipes(plans);
    // 2. Read the offers.
    const read = createPriceReader(client, budget.over, ceilings);
    const entries = await priceEntries(plans, read, (unread) =>
      log.offersUnknown(unread, hasCeiling(ceilings)),
    );
    return { entries, error };
  });
  // 3. Report, of each entry, the model that would be cooked first.
  await reportDryRun(deps.runner, dry.entries, ceilings, dry.error);
}
