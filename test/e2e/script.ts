import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layOutFiles } from '../runner/files.ts';

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
  /** `RUNNER_TEMP`: what a step leaves there, the following ones can read. */
  readonly temp: string;
  /** Folders that earlier steps have added to the PATH, the last one first. */
  readonly paths: string[];
  readonly remove: () => void;
}

/**
 * Lays out the folders of a job.
 * @param tools commands that stand in for those of the runner's image: name to shell script
 */
export function openWorkbench(tools: Readonly<Record<string, string>>): Workbench {
  const root = mkdtempSync(join(tmpdir(), 'workbench-'));
  const [folder, bin, temp] = [join(root, 'work'), join(root, 'bin'), join(root, 'temp')];
  for (const each of [folder, bin, temp]) mkdirSync(each);
  for (const [name, script] of Object.entries(tools)) {
    const place = name.startsWith('./') ? folder : bin;
    writeFileSync(join(place, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  }
  return { folder, bin, temp, paths: [], remove: () => rmSync(root, { recursive: true }) };
}

/**
 * Runs a script as the runner does: `bash -e`, with `shell: bash` also `-o pipefail`, and with a
 * command of its own such as `gpu {0}` a file by that.
 */
export async function runScript(
  { run, shell }: { readonly run: string; readonly shell?: string | undefined },
  env: Readonly<Record<string, string>>,
  { folder, bin, temp, paths }: Workbench,
): Promise<PlayedScript> {
  const files = layOutFiles(mkdtempSync(join(temp, 'script-')));
  const flags = shell === 'bash' ? '-eo pipefail' : '-e';
  const file = join(mkdtempSync(join(temp, 'run-')), 'script.sh');
  writeFileSync(file, run);
  const command = shell?.includes('{0}') ? shell.replace('{0}', file) : `bash ${flags} ${file}`;
  const child = spawn('bash', ['-c', `exec ${command}`], {
    cwd: folder,
    env: {
      PATH: [...paths, bin, process.env['PATH']].join(':'),
      RUNNER_TEMP: temp,
      ...files.variables,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
    });
  }
  const exitCode = await new Promise<number | null>((settle) => child.once('close', settle));
  const { outputs, summary } = files.read();
  return { run, exitCode, log, outputs, summary };
}
