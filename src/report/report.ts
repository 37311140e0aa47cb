import { InputError } from '../errors.ts';
import type { Outcome } from '../jobs/records.ts';
import { sortByResult } from '../jobs/results.ts';
import type { Runner } from '../runner.ts';
import { annotate, annotateOutcomes, formatMessage } from './annotations.ts';
import { describeInputError, describeInternalError, type ErrorMessage } from './errors.ts';
import { formatClosing } from './format.ts';
import { describeOutcome, endedWell } from './outcome-messages.ts';
import { writeOutputs, writeVerdict } from './outputs.ts';
import { renderInputProblems, renderSummary, writeSummary, type ReportOptions } from './summary.ts';

/** Reports what became of each job, and sets the step's verdict. */
export async function reportOutcomes(
  runner: Runner,
  outcomes: readonly Outcome[],
  options: ReportOptions = {},
): Promise<void> {
  const { isFine = endedWell } = options;
  const bad = outcomes.filter((outcome) => !isFine(outcome));
  if (bad.length > 0) runner.fail();
  annotateOutcomes(runner, bad);
  const closing = formatClosing(outcomes);
  const title = outcomes.length === 1 ? undefined : closing;
  const [worst] = sortByResult(bad).map(describeOutcome);
  writeOutputs(runner, outcomes, worst ? formatMessage(runner, worst, title) : closing);
  await writeSummary(runner, () => renderSummary(outcomes, options));
}

/** Reports why nothing could be done, and fails the step: bad input, or an error that no job has. */
export async function reportFailure(runner: Runner, error: unknown): Promise<void> {
  const message = await annotateFailure(runner, error, describeInternalError);
  try {
    writeVerdict(runner, 'error', formatMessage(runner, message));
  } catch {
    // The runner's files cannot be written: most likely that is what was annotated.
  }
}

/**
 * Annotates why nothing could be done, and fails the step.
 * @param describe the words for any other error than bad input
 */
export async function annotateFailure(
  runner: Runner,
  error: unknown,
  describe: (error: unknown) => ErrorMessage,
): Promise<ErrorMessage> {
  runner.fail();
  const isInput = error instanceof InputError;
  const message = isInput ? describeInputError(error) : describe(error);
  annotate(runner, message);
  if (isInput) await writeSummary(runner, () => renderInputProblems(error));
  return message;
}
