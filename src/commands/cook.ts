import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { stateNames } from '../custody/facts.ts';
import { readRunRef, readStepIdentity, tempFolder, type RunRef } from '../inputs/context.ts';
import { readCookInputs, type CookInputs } from '../inputs/cook.ts';
import { planCooks, priceEntries } from '../cooking/plan.ts';
import { createRequests, publicTextOf, type CookRequest } from '../cooking/request.ts';
import { openCommitStatus, readCommitSha } from '../github/commit-status.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { createPriceReader } from '../money/offers.ts';
import { reportDryRun } from '../report/dry-run-report.ts';
import { createEarlyOutputs, writeOutputs } from '../report/outputs.ts';
import { reportOutcomes, reportFailure } from '../report/report.ts';
import type { Deps } from '../deps.ts';
import { vendorUser } from '../jobs/node-urls.ts';
import { asError, InterruptedError } from '../errors.ts';
import { cookAll } from '../step/cook-entry.ts';
import { finish, withStep } from '../step/open.ts';
import { attachAll, noEarlierJobs } from '../step/attach.ts';
import { createPlan, type Step, type StepPlan } from '../step/step.ts';
import { checkTools, type SshFolder } from '../ssh/folder.ts';

/** Cooks every entry of `recipes`, waits if asked, and reports; never rejects. */
export async function cook(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    writeOutputs(runner);
    // 1. Read the inputs, and work out what to cook.
    const inputs = readCookInputs(runner);
    const run = readRunRef(runner, await readCommitSha(deps, inputs));
    const ssh = inputs.ssh && !inputs['dry-run'] ? openSsh(deps, inputs['ssh-user']) : null;
    const sshKey = inputs.ssh ? (ssh?.publicKey ?? 'a new key') : null;
    const requests = listRequests(inputs, run, deps, sshKey);
    const plan = { ...cookStepPlan(inputs), ssh };
    if (inputs['dry-run']) {
      await dryRun(requests, plan, inputs, deps);
      return;
    }
    const commitStatus = openCommitStatus(inputs, requests, run, deps);
    const listeners = [
      { submitted: createEarlyOutputs(runner, requests) },
      // A job that is not waited for is done with when it is submitted: one status says all.
      inputs.wait ? commitStatus : { ended: commitStatus.ended },
    ];
    const outcomes = await withStep(plan, requests, listeners, deps, async (step) => {
      // 2. Read the recipes, before anything is cooked; 3. take over what earlier attempts have left.
      const context = await prepare(step, requests, inputs);
      // 4. Cook the rest, and wait for all.
      await cookAll(step, requests, context);
      // 5. Cancel what is unwanted, and decide on the verdict.
      return finish(step, commitStatus);
    });
    // 6. Report.
    const stopsWithJob = inputs['on-job-end'] === 'cancel';
    await reportOutcomes(runner, outcomes, { stopsWithJob, ceilings: inputs.ceilings });
  } catch (error) {
    await reportFailure(runner, error);
  }
}

/** Makes the key of the step, and has the steps after it find `gpu`. */
function openSsh({ runner, createSshFolder }: Deps, user = vendorUser): SshFolder {
  checkTools(runner.env);
  const path = mkdtempSync(join(tempFolder(runner), 'dispersed-ssh-'));
  // Before there is a key in it: post deletes it.
  runner.saveState(stateNames.sshFolder, path);
  const ssh = createSshFolder(path, user);
  runner.addPath(ssh.bin);
  runner.output('ssh-config', ssh.config);
  return ssh;
}

function listRequests(inputs: CookInputs, run: RunRef | null, deps: Deps, sshKey: string | null) {
  const { runner } = deps;
  const identity = readStepIdentity(runner, inputs['matrix-index']);
  // For steps that have the same environment, such as those of a composite action.
  const nonce = Array.from({ length: 16 }, () => Math.floor(deps.random() * 16).toString(16));
  const requests = createRequests(inputs, identity, nonce.join(''), run, sshKey);
  runner.redactor.addPublic(requests.flatMap(withAlternatives).map(publicTextOf));
  return requests;
}

function withAlternatives(request: CookRequest): readonly CookRequest[] {
  return [request, ...request.alternatives];
}

function cookStepPlan(inputs: CookInputs): StepPlan {
  const plan = createPlan(inputs);
  return {
    ...plan,
    goalResult: inputs.wait ? 'running' : 'submitted',
    logs: inputs.wait ? plan.logs : 'none',
    // What counts there are unfinished jobs, and one that runs is unfinished.
    waitUntil: inputs['max-parallel'] > 0 ? 'completed' : plan.waitUntil,
    ceilings: inputs.ceilings,
  };
}

async function readPlans(step: Step, requests: readonly CookRequest[], inputs: CookInputs) {
  const { client, end, log } = step;
  const tries = requests.flatMap(withAlternatives);
  const read = await planCooks(tries, client, end.signal, inputs);
  log.recipes(read.plans);
  return { ...read, prices: createPriceReader(client, end.signal, inputs.ceilings) };
}

async function prepare(step: Step, requests: readonly CookRequest[], inputs: CookInputs) {
  const { log } = step;
  const { plans, error, prices } = await readPlans(step, requests, inputs);
  for (const { request, recipe } of plans) {
    if (request.container !== null && recipe?.payload === null) log.recipeHidden(request);
  }
  // Also when the wait has ended meanwhile: what to do with them is decided like of any other.
  const isOpen = error === null || error instanceof InterruptedError;
  const isAttaching = inputs['on-rerun'] === 'attach' && isOpen;
  const found = isAttaching ? await attachAll(step, requests).catch(asError) : noEarlierJobs();
  const isUnsure = found instanceof Error;
  if (error === null) {
    const entries = await priceEntries(plans, prices);
    log.estimate(
      entries.map((entry) => entry.prices?.offers ?? null),
      inputs.ceilings,
    );
  }
  return {
    plans: new Map(plans.map((plan) => [plan.request, plan])),
    prices,
    earlier: isUnsure ? noEarlierJobs() : found,
    // Without a look at what there is, a cook might be the second one.
    error: error ?? (isUnsure ? found : null),
    wait: inputs.wait,
    maxParallel: inputs['max-parallel'],
  };
}

/** Reads the recipe of each entry, and the offers for it, and shows what would be sent. Cooks nothing. */
async function dryRun(
  requests: readonly CookRequest[],
  plan: StepPlan,
  inputs: CookInputs,
  deps: Deps,
): Promise<void> {
  const { ceilings } = inputs;
  const dry = await withStep({ ...plan, logs: 'none' }, [], [], deps, async (step) => {
    const { plans, error, prices } = await readPlans(step, requests, inputs);
    const entries = await priceEntries(plans, prices, (unread) =>
      step.log.offersUnknown(unread, hasCeiling(ceilings)),
    );
    return { entries, error };
  });
  await reportDryRun(deps.runner, dry.entries, ceilings, dry.error);
}
