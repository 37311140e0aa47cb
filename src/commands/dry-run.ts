import { chooseModel, createPriceReader, planCooks, type PlanInputs } from '../cooking/plan.ts';
import type { CookPlan, PriceReader } from '../cooking/plan.ts';
import type { CookRequest } from '../cooking/request.ts';
import type { Deps } from '../deps.ts';
import { asError } from '../errors.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { reportDryRun, type PricedPlan } from '../report/dry-run-report.ts';
import { withStep } from '../step/open.ts';
import type { StepPlan } from '../step/plan.ts';
import type { Step } from '../step/step.ts';

/** Reads the recipe of each entry, and the offers for it, and shows what would be sent. Cooks nothing. */
export async function dryRun(
  requests: readonly CookRequest[],
  plan: StepPlan,
  inputs: PlanInputs,
  deps: Deps,
): Promise<void> {
  const dry = await withStep({ ...plan, logs: 'none' }, [], [], deps, async (step) => {
    // 1. Read the recipes, as a cook does.
    const tries = requests.flatMap((request) => [request, ...request.alternatives]);
    const { plans, error } = await planCooks(tries, step.client, step.end.signal, inputs);
    step.log.recipes(plans);
    // 2. Read the offers.
    const prices = createPriceReader(step.client, step.budget.over, inputs.ceilings);
    const priced = await Promise.all(plans.map(async (each) => withPrices(each, prices, step)));
    return { priced, error };
  });
  // 3. Report, of each entry, the model that would be cooked first.
  const byEntry = Map.groupBy(dry.priced, ({ request }) => request.index);
  const entries = [...byEntry.values()].flatMap((models) => {
    const chosen = chooseModel(models);
    return chosen === undefined ? [] : [{ ...chosen, models: models.length > 1 ? models : [] }];
  });
  await reportDryRun(deps.runner, entries, dry.error);
}

async function withPrices(plan: CookPlan, reader: PriceReader, step: Step): Promise<PricedPlan> {
  if (plan.error !== null) return { ...plan, prices: null };
  try {
    return { ...plan, prices: await reader.read(plan) };
  } catch (error) {
    step.log.offersUnknown(asError(error), hasCeiling(step.plan.ceilings));
    return { ...plan, prices: null };
  }
}
