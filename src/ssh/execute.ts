import { execFile } from 'node:child_process';

/** How a program ended. */
export interface Executed {
  /** Exit code; null where it could not be started, or was killed. */
  readonly code: number | null;
  /** What it printed as errors. Foreign text. */
  readonly stderr: string;
}

/** Runs a program, without a shell, until it ends or the signal fires. Never rejects. */
export type Execute = (
  file: string,
  args: readonly string[],
  signal?: AbortSignal,
) => Promise<Executed>;

// Longer than ssh takes to give up a connection by itself.
const maxMs = 20_000;

export const execute: Execute = async (file, args, signal) =>
  new Promise((resolve) => {
    const options = { timeout: maxMs, ...(signal !== undefined && { signal }) };
    execFile(file, args, options, (error, _, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === 'number' ? code : null, stderr });
    });
  });
