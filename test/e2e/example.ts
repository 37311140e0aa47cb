import { projectFile } from '../contract/action-files.ts';
import type { Phase, RecipeScript, Simulator } from '../simulator/types.ts';
import type { PlayedScript } from './script.ts';
import { playWorkflow, type PlayedStep, type Scene, type SentFiles } from './workflow.ts';

// What the examples find around them: recipes with their lives, secrets, and tools.

/** A job that completes after a second. */
export const short: readonly Phase[] = [
  { status: 'PENDING', forMs: 300 },
  { status: 'RUNNING', forMs: 700 },
  { status: 'COMPLETED' },
];
/** A job that runs until it is cancelled. */
export const endless: readonly Phase[] = [{ status: 'RUNNING' }];
/** A job that prints a result. */
export const measuring: readonly Phase[] = [
  {
    status: 'RUNNING',
    forMs: 700,
    log: [{ atMs: 0, text: 'dispersed-output: {"accuracy": 0.93}\n' }],
  },
  { status: 'COMPLETED' },
];
/** A job that fails. */
export const failing: readonly Phase[] = [{ status: 'FAILED', statusReason: 'exit code 1' }];

/** The recipes that the examples name. */
export const recipesOf = (lives: Lives): readonly RecipeScript[] => [
  {
    uuid: '01a0114e-e7f8-4e76-a07a-f09fca41e2be',
    name: 'Render',
    life: lives.life ?? short,
    ...(lives.hourlyRateUsd === undefined ? {} : { hourlyRateUsd: lives.hourlyRateUsd }),
  },
  { uuid: '0198ac1c-7063-4be8-bb94-57a5bd83548e', name: 'Encode', life: lives.other ?? short },
  { uuid: '0198b2c4-5d1f-7a3e-9c60-2f4e8d7b1a90', name: 'Grade', life: lives.life ?? short },
];

/** What the jobs of the two recipes go through. */
export interface Lives {
  readonly life?: readonly Phase[];
  readonly other?: readonly Phase[];
  /** Of the first recipe's machines. */
  readonly hourlyRateUsd?: number;
}

/** The commit that the examples run for. */
export const sha = '3d3c42e5aac5ba805825da76410c181273ba90b1';

/** What became of an example. */
export interface PlayedExample {
  /** Those that use our actions. */
  readonly steps: readonly PlayedStep[];
  readonly scripts: readonly PlayedScript[];
  /** What other actions have uploaded, or put into a comment. */
  readonly sent: readonly SentFiles[];
}

// What they build, test and deploy is the user's own.
const usersOwn = { npm: ':', './deploy.sh': ':' };

/**
 * Plays an example as it is written.
 * @param change turns an address that it names into one that is there
 */
export async function playExample(
  name: string,
  simulator: Simulator,
  { change = (text) => text, expressions, tools, ...scene }: ExampleScene = {},
): Promise<PlayedExample> {
  const jobUuids = simulator.jobs().map(({ uuid }) => uuid);
  const scripts: PlayedScript[] = [];
  const sent: SentFiles[] = [];
  const steps = await playWorkflow(change(projectFile(`examples/${name}.yml`)), {
    expressions: { ...expressionsFor(simulator, jobUuids), ...expressions },
    with: { 'api-url': simulator.url },
    tools: { ...usersOwn, gh: artifactOf(jobUuids), ...tools },
    onScript: (script) => scripts.push(script),
    onFiles: (files) => sent.push(files),
    ...scene,
  });
  return { steps, scripts, sent };
}

/** What is different from what most examples need. */
export interface ExampleScene extends Partial<Scene> {
  readonly change?: (text: string) => string;
}

const expressionsFor = (simulator: Simulator, jobUuids: readonly string[]) => ({
  'secrets.DISPERSED_PUBLIC_KEY': simulator.publicKey,
  'secrets.DISPERSED_SECRET_KEY': simulator.secretKey,
  'secrets.REGISTRY_TOKEN': 'token "of" the registry',
  'secrets.SERVER_KEY': 'a-key-of-my-own',
  'github.sha': sha,
  'github.repository': 'acme/renders',
  'github.event.pull_request.head.repo.full_name': 'acme/renders',
  'github.event.pull_request.head.sha': sha,
  'github.server_url': 'https://github.com',
  'github.run_id': '4711',
  'github.run_attempt': '1',
  'github.actor': 'octocat',
  'github.token': 'ghs_of_the_workflow',
  'inputs.job-uuids': jobUuids.join(' '),
});

// The artifact of an earlier run, as `gh run download` unpacks it.
const artifactOf = (jobUuids: readonly string[]) =>
  `case "$1 $2" in
    'run list') echo 42 ;;
    'run download') echo '${JSON.stringify(jobUuids)}' > job-uuids.json ;;
  esac`;
