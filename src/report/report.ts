import { InputError } from '../errors.ts';
import type { Outcome } from '../jobs/records.ts';
import type { Runner } from '../runner.ts';
import { results } from '../jobs/results.ts';

import { describeInternalError } from './errors.ts';
import { annotate, annotateInputs, annotateOutcomes } from './annotations.ts';
import { writeOutputs } from './outputs.ts';
import { writeSummary } from './summary.ts';
import { renderInputProblems, renderSummary } from './summary.ts';
import { formatClosing } from './format.ts';

/**
 * Tells the user what became of each job, and sets the step's verdict.
 * @param isFine whether the step may pass with this outcome
 */
export async function reportOutcomes(
  runner: Runner,
  outcomes: readonly Outcome[],
  isFine = endedWell,
): Promise<void> {
  runner.print(formatClosing(outcomes));
  const bad = outcomes.filter((outcome) => !isFine(outcome));
  if (bad.length > 0) runner.fail();
  annotateOutcomes(runner, bad);
  writeOutputs(runner, outcomes);
  await writeSummary(runner, (fits) => renderSummary(outcomes, fits, isFine));
}

/** Tells the user why nothing could be cooked: bad input, or an internal error. */
export async function reportFailure(runner: Runner, error: unknown): Promise<void> {
  runner.fail();
  if (error instanceof InputError) {
    annotateInputs(runner, error);
    await writeSummary(runner, () => renderInputProblems(error));
  } else {
    annotate(runner, describeInternalError(error));
  }
  runner.output('result', 'error');
}

// An interrupted step is no success, whatever its jobs are left to do.
function endedWell({ result, ending }: Outcome): boolean {
  return results[result].passes && !(ending === 'interrupt' && result === 'detached');
}
