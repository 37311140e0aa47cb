import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { projectFile } from '../contract/action-files.ts';
import { startPost, startStep, type RunningStep, type StepOptions } from '../runner/step.ts';
import { fill, isDue, type JobStatus } from './expressions.ts';
import { openWorkbench, runScript, type PlayedScript, type Workbench } from './script.ts';

// Plays a workflow in order, as the runner would: its scripts as written, and the steps that use
// our actions with the committed `dist`, outputs handed on, and the post entries at the end. Of steps
// that use other actions, those that send files somewhere look for them; the others do nothing.

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const scalars = z.record(z.string(), scalar).default({});
const stepSchema = z.looseObject({
  id: z.string().optional(),
  if: scalar.optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  shell: z.string().optional(),
  background: z.boolean().optional(),
  wait: z.string().optional(),
  with: scalars,
  env: scalars,
});
type Step = z.infer<typeof stepSchema>;

const jobSchema = z.looseObject({
  if: scalar.optional(),
  needs: z.union([z.string(), z.array(z.string())]).default([]),
  outputs: z.record(z.string(), z.string()).default({}),
  env: scalars,
  strategy: z
    .looseObject({ matrix: z.record(z.string(), z.array(scalar)).default({}) })
    .default({ matrix: {} }),
  steps: z.array(stepSchema),
});
type Job = z.infer<typeof jobSchema>;

const workflowSchema = z.looseObject({ jobs: z.record(z.string(), jobSchema) });

/** What is outside of the workflow. */
export interface Scene {
  /** Name in expressions, such as `secrets.KEY`, to its value. */
  readonly expressions: Readonly<Record<string, string>>;
  /** In place of what the workflow says. */
  readonly with: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Outputs of steps whose scripts cannot run here, by the step's id. */
  readonly scripts?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Commands that stand in for those of the runner's image: name to shell script. */
  readonly tools?: Readonly<Record<string, string>>;
  /** Told of each step of ours when it has started. */
  readonly during?: (step: RunningStep) => Promise<void>;
  /** Told of each script that has ended. */
  readonly onScript?: (script: PlayedScript) => void;
  /** Told of each step that sends files somewhere. */
  readonly onFiles?: (sent: SentFiles) => void;
}

/** The files that a step with another action has found at its `path`. */
export interface SentFiles {
  readonly uses: string;
  /** Name to text; empty where there is nothing. */
  readonly files: Readonly<Record<string, string>>;
}

/** What became of a step of ours. */
export interface PlayedStep {
  readonly job: string;
  readonly exitCode: number | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly log: string;
  readonly summary: string;
  /** What the post entry has printed. */
  readonly postLog: string;
}

/** Plays a workflow to its end. */
export async function playWorkflow(text: string, scene: Scene): Promise<readonly PlayedStep[]> {
  const played: PlayedStep[] = [];
  const statuses = new Map<string, JobStatus>();
  const values = new Map(Object.entries(scene.expressions));
  for (const [name, job] of Object.entries(workflowSchema.parse(parse(text)).jobs)) {
    const isAfterFailure = [job.needs].flat().some((need) => statuses.get(need) !== 'success');
    const isSkipped = !isDue(job.if, values, isAfterFailure ? 'failure' : 'success');
    statuses.set(name, isSkipped ? 'failure' : 'success');
    if (isSkipped) continue;
    for (const [leg, matrix] of legsOf(job).entries()) {
      const known = new Map([...values, ...matrix]);
      const { steps, status } = await playJob({ name, job, leg, values: known, scene });
      played.push(...steps);
      if (status === 'failure') statuses.set(name, status);
      for (const [output, value] of Object.entries(job.outputs)) {
        values.set(`needs.${name}.outputs.${output}`, fill(value, known));
      }
    }
  }
  return played;
}

/** The jobs of a matrix, each by the values that it has; one without any where there is none. */
function legsOf({ strategy }: Job): readonly ReadonlyMap<string, string>[] {
  const axes = Object.entries(strategy.matrix);
  return axes.reduce<readonly ReadonlyMap<string, string>[]>(
    (legs, [axis, choices]) =>
      legs.flatMap((leg) => choices.map((value) => new Map([...leg, [`matrix.${axis}`, value]]))),
    [new Map()],
  );
}

interface JobToPlay {
  readonly name: string;
  readonly job: Job;
  /** Its place in the matrix, from 0. */
  readonly leg: number;
  /** What is known in expressions; its steps add to it. */
  readonly values: Map<string, string>;
  readonly scene: Scene;
}

interface Started {
  readonly step: Step;
  readonly options: StepOptions;
  readonly main: RunningStep;
}

/** A job under way. */
interface JobPlay extends JobToPlay {
  readonly bench: Workbench;
  readonly started: Started[];
  status: JobStatus;
}

async function playJob(toPlay: JobToPlay) {
  const { name, job, values, scene } = toPlay;
  const bench = openWorkbench(scene.tools ?? {});
  const play: JobPlay = { ...toPlay, bench, started: [], status: 'success' };
  for (const [variable, text] of Object.entries(job.env)) {
    values.set(`env.${variable}`, fill(text, values));
  }
  for (const [index, step] of job.steps.entries()) {
    if (isDue(step.if, values, play.status)) await playStep(play, step, index);
  }
  // Whatever runs in the background is waited for before the post entries.
  for (const each of play.started) await finish(play, each);
  const steps: PlayedStep[] = [];
  for (const { options, main } of play.started.toReversed()) {
    const { exitCode, outputs, log, summary, state } = await main.done;
    const postLog = hasPost(options) ? (await startPost(options, state).done).log : '';
    steps.unshift({ job: name, exitCode, outputs, log, summary, postLog });
  }
  bench.remove();
  return { steps, status: play.status };
}

async function playStep(play: JobPlay, step: Step, index: number): Promise<void> {
  const folder = folderOf(step);
  if (step.run !== undefined) {
    await playScript(play, step, step.run);
  } else if (step.wait !== undefined) {
    const background = play.started.find((each) => each.step.id === step.wait);
    if (background === undefined) throw new Error(`no step ${step.wait} to wait for`);
    await finish(play, background);
  } else if (folder !== undefined) {
    const options = optionsOf(play, step, { index, folder });
    const started = { step, options, main: startStep(options) };
    play.started.push(started);
    await play.scene.during?.(started.main);
    if (step.background !== true) await finish(play, started);
  } else if (/upload-artifact|pull-request-comment/.test(step.uses ?? '')) {
    const path = resolve(play.bench.folder, fill(step.with['path'] ?? '', play.values));
    play.scene.onFiles?.({ uses: step.uses ?? '', files: filesAt(path) });
  }
}

function filesAt(path: string): Record<string, string> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder === undefined) return {};
  const files = isFolder ? readdirSync(path).map((name) => join(path, name)) : [path];
  return Object.fromEntries(files.map((file) => [basename(file), readFileSync(file, 'utf8')]));
}

async function playScript(play: JobPlay, step: Step, run: string): Promise<void> {
  const { scene, bench } = play;
  const givenOutputs = step.id === undefined ? undefined : scene.scripts?.[step.id];
  if (givenOutputs !== undefined) {
    note(play, step, givenOutputs);
    return;
  }
  const script = await runScript({ run, shell: step.shell }, environmentOf(play, step), bench);
  note(play, step, script.outputs);
  if (script.exitCode !== 0) play.status = 'failure';
  scene.onScript?.(script);
}

function environmentOf({ job, values, status }: JobPlay, step: Step): Record<string, string> {
  const texts = Object.entries({ ...job.env, ...step.env });
  return Object.fromEntries(texts.map(([name, text]) => [name, fill(text, values, status)]));
}

async function finish(play: JobPlay, { step, main }: Started): Promise<void> {
  const { exitCode, outputs, paths } = await main.done;
  play.bench.paths.unshift(...paths);
  note(play, step, outputs);
  if (exitCode !== 0) play.status = 'failure';
}

function note({ values }: JobPlay, { id }: Step, outputs: Readonly<Record<string, string>>): void {
  if (id === undefined) return;
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
  /** Of the step in its job. */
  readonly index: number;
  /** Of our action. */
  readonly folder: string;
}

function optionsOf(play: JobPlay, step: Step, { index, folder }: Place): StepOptions {
  const { name, leg, values, scene } = play;
  const isInMatrix = folder === '.' && Object.keys(play.job.strategy.matrix).length > 0;
  const given: Record<string, string> = isInMatrix ? { 'matrix-index': String(leg) } : {};
  for (const [input, text] of Object.entries(step.with)) given[input] = fill(text, values);
  return {
    action: folder,
    with: { ...given, ...scene.with },
    env: {
      GITHUB_JOB: name,
      GITHUB_ACTION: `__step_${index}`,
      GITHUB_WORKSPACE: play.bench.folder,
      RUNNER_TEMP: play.bench.temp,
      ...environmentOf(play, step),
      ...scene.env,
    },
  };
}

function hasPost({ action = '.' }: StepOptions): boolean {
  return /^ {2}post:/m.test(projectFile(`${action}/action.yml`));
}
