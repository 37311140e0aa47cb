import { createHash } from 'node:crypto';
import type { CookBody } from './dispersed/api.ts';
import { canonicalJson } from './dispersed/sign.ts';
import type { CookInputs } from './intake/inputs.ts';
import type { Step } from './intake/step.ts';
import type { Order } from './records.ts';

/** What to cook, one order an entry of `recipes`. Pure: the same inputs and step give the same orders. */
export function placeOrders(inputs: CookInputs, step: Step): readonly Order[] {
  return inputs.recipes.map((recipeUuid, index) => {
    const overrides: CookBody = inputs.title === '' ? {} : { title: inputs.title };
    const cookKey = makeCookKey(step, index, recipeUuid, overrides);
    const description = describe(step, cookKey);
    return { index, recipeUuid, cookKey, body: { ...overrides, description } };
  });
}

/**
 * The key that marks a job as cooked by this entry of this step: a hash of all that tells it apart,
 * so that it can be worked out again, and no other step's job ever matches.
 */
function makeCookKey(step: Step, index: number, recipeUuid: string, overrides: CookBody): string {
  const { repository, runId, runAttempt, workflow, job, matrixIndex } = step;
  const identity = [repository, runId, runAttempt, workflow, job, matrixIndex, step.step];
  const text = canonicalJson([...identity, index, recipeUuid, overrides]);
  return `cook-${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

function describe(step: Step, cookKey: string): string {
  const { repository, workflow, runId, runUrl } = step;
  const origin =
    runUrl === undefined
      ? 'Cooked outside of GitHub Actions'
      : `Cooked by ${repository}, workflow "${workflow}", run ${runId}: ${runUrl}`;
  return `${origin} [${cookKey}]`;
}
