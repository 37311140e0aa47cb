import { asError } from '../errors.ts';
import type { Runner } from '../runner.ts';
import { safeLine } from './safe.ts';

/** Writes the step's summary. Trouble with it is a warning: it never changes the verdict. */
export async function summarize(runner: Runner, markdown: string): Promise<void> {
  try {
    await runner.summarize(markdown);
  } catch (error) {
    const { message } = asError(error);
    runner.annotate('warning', 'The job summary could not be written', safeLine(message));
  }
}
