import { asError } from '../errors.ts';
import type { Runner } from '../runtime.ts';
import { safeLine } from './sanitize.ts';
import { maxBytesOfSummary } from './summary/fit.ts';

/** Writes the step's summary. Trouble with it is a warning: it never changes the verdict. */
export async function summarize(runner: Runner, render: () => string): Promise<void> {
  try {
    await runner.summarize(fit(render()));
  } catch (error) {
    const { message } = asError(error);
    runner.annotate('warning', 'The job summary could not be written', safeLine(message));
  }
}

// Cut between lines: a table's row and a list's item are a line each.
function fit(markdown: string): string {
  if (Buffer.byteLength(markdown) <= maxBytesOfSummary) return markdown;
  let bytes = 0;
  const lines = markdown.split('\n').filter((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes <= maxBytesOfSummary;
  });
  return [...lines, '', 'The rest did not fit into this summary.', ''].join('\n');
}
