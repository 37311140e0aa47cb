import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import * as z from 'zod';
import { parseKeyValueFile } from '../runner/files.ts';
import { startPost, startStep, type RunningStep, type StepOptions } from '../runner/step.ts';

// Plays the steps of a workflow that use our actions, in order, as the runner would: with the
// committed `dist`, the inputs as written, outputs handed on, and the post entries at the end.

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const stepSchema = z.looseObject({
  id: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  background: z.boolean().optional(),
  wait: z.string().optional(),
  with: z.record(z.string(), scalar).default({}),
  env: z.record(z.string(), scalar).default({}),
});
type Step = z.infer<typeof stepSchema>;

const workflowSchema = z.looseObject({
  jobs: z.record(
    z.string(),
    z.looseObject({
      outputs: z.record(z.string(), z.string()).default({}),
      env: z.record(z.string(), z.string()).default({}),
      steps: z.array(stepSchema),
    }),
  ),
});
type Job = z.infer<typeof workflowSchema>['jobs'][string];

/** What is outside of the workflow. */
export interface Scene {
  /** Expression, as written, to its value; outputs of steps and jobs are worked out. */
  readonly expressions: Readonly<Record<string, string>>;
  /** In place of what the workflow says. */
  readonly with: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Outputs of steps whose scripts cannot run here, by the step's id. */
  readonly scripts?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Where commands are found first; with it, the other scripts are run as well, as written. */
  readonly bin?: string;
  /** Told of each step of ours when it has started. */
  readonly during?: (step: RunningStep) => Promise<void>;
}

/** What became of a step of ours. */
export interface PlayedStep {
  readonly job: string;
  readonly exitCode: number | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly log: string;
  /** What the post entry has printed. */
  readonly postLog: string;
}

/** Plays a workflow to its end. */
export async function playWorkflow(text: string, scene: Scene): Promise<readonly PlayedStep[]> {
  const played: PlayedStep[] = [];
  const values = new Map(Object.entries(scene.expressions));
  for (const [name, job] of Object.entries(workflowSchema.parse(parse(text)).jobs)) {
    played.push(...(await playJob(name, job, values, scene)));
    for (const [output, value] of Object.entries(job.outputs)) {
      values.set(`needs.${name}.outputs.${output}`, fill(value, values, ''));
    }
  }
  return played;
}

type Values = Map<string, string>;

interface Started {
  readonly step: Step;
  readonly options: StepOptions;
  readonly main: RunningStep;
}

async function playJob(name: string, job: Job, values: Values, scene: Scene) {
  const started: Started[] = [];
  for (const [index, step] of job.steps.entries()) {
    const folder = folderOf(step);
    if (step.run !== undefined && step.id !== undefined) {
      note(step, scene.scripts?.[step.id] ?? (await runScript(step.run)), values);
    } else if (step.run !== undefined && scene.bin !== undefined) {
      await runCommands(step, values, scene.bin);
    } else if (step.wait !== undefined) {
      await finish(started, step.wait, values);
    } else if (folder !== undefined) {
      const options = optionsOf({ name, index, folder, job, step }, values, scene);
      const main = startStep(options);
      started.push({ step, options, main });
      await scene.during?.(main);
      if (step.background !== true) note(step, (await main.done).outputs, values);
    }
  }
  const played: PlayedStep[] = [];
  for (const { options, main } of started.toReversed()) {
    const { exitCode, outputs, log, state } = await main.done;
    const postLog = options.action === 'cancel' ? '' : (await startPost(options, state).done).log;
    played.unshift({ job: name, exitCode, outputs, log, postLog });
  }
  return played;
}

async function finish(started: readonly Started[], id: string, values: Values): Promise<void> {
  const background = started.find(({ step }) => step.id === id);
  if (background === undefined) throw new Error(`no step ${id} to wait for`);
  note(background.step, (await background.main.done).outputs, values);
}

function note({ id }: Step, outputs: Readonly<Record<string, string>>, values: Values): void {
  for (const [name, value] of Object.entries(outputs)) {
    values.set(`steps.${id}.outputs.${name}`, value);
  }
}

/** The folder of our action that a step uses; undefined where it uses none. */
function folderOf({ uses = '' }: Step): string | undefined {
  const [, folder] =
    /^(?:dispersed-cook\/dispersed-cook\/?([a-z]*)@v1)$/.exec(uses) ??
    /^\.\/([a-z]*)$/.exec(uses) ??
    [];
  return folder === undefined ? undefined : folder || '.';
}

interface Place {
  readonly name: string;
  readonly index: number;
  readonly folder: string;
  readonly job: Job;
  readonly step: Step;
}

function optionsOf({ name, index, folder, job, step }: Place, values: Values, scene: Scene) {
  const inputs = Object.entries(step.with).map(([input, text]) => [input, fill(text, values)]);
  return {
    action: folder,
    with: { ...Object.fromEntries(inputs), ...scene.with } as Record<string, string>,
    env: { GITHUB_JOB: name, GITHUB_ACTION: `__step_${index}`, ...job.env, ...scene.env },
  };
}

/** Fills in expressions. A value that is not known is a fault, unless there is something for it. */
function fill(text: string, values: Values, unknown?: string): string {
  return text.replaceAll(/\$\{\{\s*(.+?)\s*\}\}/g, (_, expression: string) => {
    const value = values.get(expression) ?? unknown;
    if (value === undefined) throw new Error(`nothing is known of ${expression}`);
    return value;
  });
}

/** Runs a script with its environment; rejects where it fails. */
async function runCommands({ run = '', env }: Step, values: Values, bin: string): Promise<void> {
  const filled = Object.entries(env).map(([name, text]) => [name, fill(text, values)] as const);
  await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', run], {
    cwd: bin,
    env: { ...Object.fromEntries<string>(filled), PATH: `${bin}:${process.env['PATH']}` },
  });
}

/** Runs a script whose outputs a later step of ours reads. */
async function runScript(script: string): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'script-'));
  const file = join(folder, 'output');
  writeFileSync(file, '');
  const env = { PATH: process.env['PATH'], GITHUB_OUTPUT: file };
  await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', script], { cwd: folder, env });
  const outputs = parseKeyValueFile(readFileSync(file, 'utf8'));
  rmSync(folder, { recursive: true });
  return outputs;
}
