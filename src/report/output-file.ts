import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asError } from '../errors.ts';
import { tempFolder } from '../inputs/context.ts';
import type { Runner } from '../runner.ts';
import { sanitizeLine } from './sanitize.ts';

const folders = new WeakMap<Runner, string>();

/**
 * Writes a file for the steps that follow, and sets an output to its path. Of the same name there is
 * one file, the last. A failure is a warning, and leaves the output empty.
 */
export function writeOutputFile(runner: Runner, output: string, name: string, text: string): void {
  try {
    const folder = folders.get(runner) ?? mkdtempSync(join(tempFolder(runner), 'dispersed-'));
    folders.set(runner, folder);
    const path = join(folder, name);
    writeFileSync(path, text);
    runner.output(output, path);
  } catch (error) {
    const title = `The file of the output ${output} could not be written`;
    runner.annotate('warning', title, describeTrouble(runner, error));
  }
}

/** What an error of Node or a library says, which may quote anything. */
export function describeTrouble(runner: Runner, error: unknown): string {
  return sanitizeLine(runner.redactor.redact(asError(error).message));
}
