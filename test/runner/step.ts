import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';
import { isDistFresh } from '../../scripts/source-hash.ts';
import { layOutFiles, type WrittenFiles } from './files.ts';

// A stand-in for GitHub's runner: starts an action's committed files in a process of their own,
// with the inputs, environment and files that the runner would give it.

// What was not built cannot be tried: better one line now than hundreds of puzzling ones.
if (!isDistFresh()) throw new Error('dist is not built from src as it is: run `npm run build`');

const root = fileURLToPath(new URL('../..', import.meta.url));
const node24 = join(root, 'node_modules', 'node', 'bin', 'node');

// Longer than any step of the tests and the bench.
const maxStepMs = 5 * 60_000;

const actionSchema = z.object({
  inputs: z.record(z.string(), z.object({ default: z.string().optional() })),
  runs: z.object({ using: z.literal('node24'), main: z.string(), post: z.string().optional() }),
});

/** What a workflow author would write for a step. */
export interface StepOptions {
  /** Folder of the `action.yml`, relative to the project. */
  readonly action?: string;
  readonly with: Readonly<Record<string, string>>;
  /** On top of, or in place of, what the runner sets; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Told of each line of the log as it comes. */
  readonly onLine?: (line: string) => void;
}

/** What the runner knows once the process has ended. */
export interface StepResult extends WrittenFiles {
  /** null where the process was killed. */
  readonly exitCode: number | null;
  /** stdout and stderr, as they came. */
  readonly log: string;
  /** What is in the folder of the output `logs-path`, by name. */
  readonly logFiles: Readonly<Record<string, string>>;
}

export interface RunningStep {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  readonly log: () => string;
  readonly done: Promise<StepResult>;
}

/** Starts the main entry of an action. */
export function startStep(options: StepOptions): RunningStep {
  const { folder, runs, inputs } = readAction(options);
  return startEntry(join(folder, runs.main), { ...inputs, ...options.env }, options.onLine);
}

/** Starts the post entry of an action, with what main has kept. */
export function startPost(options: StepOptions, state: StepResult['state']): RunningStep {
  const { folder, runs, inputs } = readAction(options);
  if (runs.post === undefined) throw new Error('the action has no post entry');
  const kept = Object.fromEntries(
    Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]),
  );
  return startEntry(
    join(folder, runs.post),
    { ...inputs, ...kept, ...options.env },
    options.onLine,
  );
}

function readAction({ action = '.', with: given }: StepOptions) {
  const folder = resolve(root, action);
  const text = readFileSync(join(folder, 'action.yml'), 'utf8');
  const { inputs, runs } = actionSchema.parse(parse(text));
  return { folder, runs, inputs: inputVariables(inputs, given) };
}

/** Runs the main entry of an action to its end. */
export async function runStep(options: StepOptions): Promise<StepResult> {
  return startStep(options).done;
}

function inputVariables(
  declared: z.infer<typeof actionSchema>['inputs'],
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const unknown = Object.keys(given).filter((name) => !(name in declared));
  if (unknown.length > 0) throw new Error(`action.yml has no input ${unknown.join(', ')}`);
  return Object.fromEntries(
    Object.entries(declared).map(([name, { default: text = '' }]) => [
      `INPUT_${name.toUpperCase().replaceAll(' ', '_')}`,
      given[name] ?? evaluate(text),
    ]),
  );
}

// The expressions that the defaults of our inputs use.
function evaluate(text: string): string {
  return text
    .replaceAll('${{ strategy.job-index }}', '0')
    .replaceAll('${{ github.token }}', 'ghs_runner');
}

/** Starts a file with the runner's environment and what is given on top of it. */
export function startEntry(
  file: string,
  env: Readonly<Record<string, string | undefined>> = {},
  onLine?: (line: string) => void,
): RunningStep {
  const folder = mkdtempSync(join(tmpdir(), 'runner-'));
  for (const each of ['workspace', 'temp']) mkdirSync(join(folder, each));
  const files = layOutFiles(folder);
  const child = spawn(node24, [file], {
    cwd: join(folder, 'workspace'),
    env: definedOnly({ ...runnerEnvironment(folder), ...files.variables, ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A test that has failed no longer waits for it, and must not be kept open by it.
    timeout: maxStepMs,
    killSignal: 'SIGKILL',
  });
  const log = collect(child, onLine);
  const done = new Promise<StepResult>((settle, fail) => {
    child.once('error', fail);
    child.once('close', (exitCode) => {
      const written = files.read();
      const logFiles = filesIn(written.outputs['logs-path']);
      settle({ exitCode, log: log(), logFiles, ...written });
      rmSync(folder, { recursive: true, force: true });
    });
  });
  return { process: child, log, done };
}

function filesIn(folder: string | undefined): Record<string, string> {
  if (folder === undefined) return {};
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

function runnerEnvironment(folder: string): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    SystemRoot: process.env['SystemRoot'],
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_REPOSITORY: 'acme/renders',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_RUN_ID: '4711',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_WORKFLOW: 'Nightly',
    GITHUB_JOB: 'render',
    GITHUB_ACTION: '__run',
    GITHUB_WORKSPACE: join(folder, 'workspace'),
    RUNNER_TEMP: join(folder, 'temp'),
  };
}

function collect(child: ChildProcess, onLine: ((line: string) => void) | undefined): () => string {
  let log = '';
  let partial = '';
  const take = (chunk: string) => {
    log += chunk;
    const lines = (partial + chunk).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) onLine?.(line);
  };
  child.stdout?.setEncoding('utf8').on('data', take);
  child.stderr?.setEncoding('utf8').on('data', take);
  return () => log;
}

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
