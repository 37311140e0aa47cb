import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseKeyValueFile } from '../runner/files.ts';

/** What became of a script of a workflow. */
export interface PlayedScript {
  readonly run: string;
  readonly exitCode: number | null;
  /** stdout and stderr. */
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Where and with what the scripts of a workflow's job run. */
export interface Workbench {
  /** The working directory. */
  readonly folder: string;
  /** Where commands are found first. */
  readonly bin: string;
  readonly remove: () => void;
}

/**
 * Lays out the folders of a job.
 * @param tools commands that stand in for those of the runner's image: name to shell script
 */
export function openWorkbench(tools: Readonly<Record<string, string>>): Workbench {
  const root = mkdtempSync(join(tmpdir(), 'workbench-'));
  const [folder, bin] = [mkdtempSync(join(root, 'work-')), mkdtempSync(join(root, 'bin-'))];
  for (const [name, script] of Object.entries(tools)) {
    const place = name.startsWith('./') ? folder : bin;
    writeFileSync(join(place, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  }
  return { folder, bin, remove: () => rmSync(root, { recursive: true }) };
}

/** Runs a script as the runner does: `bash -e`, and with `shell: bash` also `-o pipefail`. */
export async function runScript(
  { run, shell }: { readonly run: string; readonly shell?: string | undefined },
  env: Readonly<Record<string, string>>,
  { folder, bin }: Workbench,
): Promise<PlayedScript> {
  const kept = mkdtempSync(join(tmpdir(), 'script-'));
  const files = { GITHUB_OUTPUT: join(kept, 'output'), GITHUB_STEP_SUMMARY: join(kept, 'summary') };
  for (const file of Object.values(files)) writeFileSync(file, '');
  const flags = shell === 'bash' ? '-eo pipefail' : '-e';
  const child = spawn('bash', [...flags.split(' '), '-c', run], {
    cwd: folder,
    env: { PATH: `${bin}:${process.env['PATH']}`, RUNNER_TEMP: kept, ...files, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
    });
  }
  const exitCode = await new Promise<number | null>((settle) => child.once('close', settle));
  const outputs = parseKeyValueFile(readFileSync(files.GITHUB_OUTPUT, 'utf8'));
  const summary = readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8');
  rmSync(kept, { recursive: true });
  return { run, exitCode, log, outputs, summary };
}
