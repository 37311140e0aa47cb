import { connect } from '../../src/service/http.ts';
import { cancel } from '../../src/commands/cancel.ts';
import { check } from '../../src/commands/check.ts';
import { cleanup } from '../../src/commands/post.ts';
import { cook } from '../../src/commands/cook.ts';
import type { Deps } from '../../src/deps.ts';
import { wait } from '../../src/commands/wait.ts';
import { createDice, type Dice } from '../simulation/dice.ts';
import { fakeDeps, fastClock } from '../support/deps.ts';
import { startHostileGitHub } from '../github/hostile.ts';
import { startHostileService } from '../support/hostile-service.ts';
import { rememberingRunner, type RememberingRunner } from '../runner/in-process.ts';

// One step against a service and a GitHub that are drawn from a seed.

/** What is played; `post` is the entry after a cook that was killed. */
export const actions = ['cook', 'wait', 'cancel', 'check', 'post'] as const;

export type Action = (typeof actions)[number];

/** What is seen of a step. */
export interface HostilePlay {
  readonly runner: RememberingRunner;
  /** All texts that GitHub was sent, but those that it gave. */
  readonly sent: readonly string[];
  /** The longest time that the thread had work in one turn of the event loop. */
  readonly turnMs: number;
}

const recipeUuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const jobUuid = '7b2f64a1-0c55-4f0f-9a35-5d5b3c0d1e2f';
const runUrl = 'https://github.com/acme/renders/actions/runs/4711';
const sha = 'a'.repeat(40);
const cookSecrets = ['in-Env_7f3k"<&é9', 'registry$Tok&en-42'];
const secretKey = 'sk_hostile_0123456789abcdef';
const githubToken = 'ghs_hostile_token_5b1d';
const recipeSecrets = ['recipe-Env_88-zz', '24681357'];
const token = 'cat_access-token-99';

/** What must not be seen of a step. */
export const secrets = [...cookSecrets, secretKey, githubToken, ...recipeSecrets, token];

const common = {
  'public-key': 'pk_hostile_1',
  'secret-key': secretKey,
  'poll-interval': '4s',
  timeout: '2m',
};
const ofCook = {
  recipes: recipeUuid,
  env: `A_TOKEN=${cookSecrets[0] ?? ''}`,
  parameters: JSON.stringify({ secret: cookSecrets[1] }),
};
const container = {
  image: 'ubuntu',
  env: { B_SECRET: recipeSecrets[0], PASSWORD: Number(recipeSecrets[1]) },
};

const commands: Readonly<Record<Action, (deps: Deps) => Promise<void>>> = {
  cook,
  wait,
  cancel,
  check,
  post: cleanup,
};

// How often a limit of GitHub's is waited for is bounded by time alone: a check's 10 minutes.
const speeds: Readonly<Record<Action, number>> = {
  cook: 100,
  wait: 100,
  cancel: 100,
  check: 1_000,
  post: 100,
};

/** Plays a step. */
export async function playHostile(action: Action, story: string): Promise<HostilePlay> {
  const dice = createDice(`${action} ${story}`);
  const kept = action === 'post' ? await killedCook(dice.fork('main')) : new Map<string, string>();
  return playCommand(action, inputsOf(action, dice), kept, dice);
}

function inputsOf(action: Action, dice: Dice) {
  const isCook = action === 'cook' || action === 'post';
  return {
    ...common,
    ...(isCook ? ofCook : { 'job-uuids': jobUuid }),
    ...(action !== 'cancel' && { 'github-token': githubToken }),
    logs: dice.pick(['stream', 'on-failure']),
    'commit-status': dice.pick(['true', 'true', 'false']),
    ...(action === 'check' && { 'commit-status': 'true' }),
    'follow-up': dice.pick(['', 'deploy.yml']),
    since: '300d',
  };
}

/** What a cook had kept for its post entry when it was killed: at any time. */
async function killedCook(dice: Dice): Promise<ReadonlyMap<string, string>> {
  const inputs = { ...inputsOf('cook', dice), 'commit-status': 'true' };
  const { states } = await playCommand('cook', inputs, new Map(), dice);
  return dice.pick(states);
}

async function playCommand(
  action: Action,
  inputs: Readonly<Record<string, string>>,
  kept: ReadonlyMap<string, string>,
  dice: Dice,
) {
  const told = new Set(action === 'cancel' ? [secretKey] : [secretKey, githubToken]);
  const place = { told, jobUuid, runId: '4711', sha };
  const sentSecrets = action === 'cook' ? cookSecrets : [];
  const recipe = { recipeUuid, container, containerSecrets: recipeSecrets, token, sentSecrets };
  const service = await startHostileService({ ...place, ...recipe }, dice);
  const github = await startHostileGitHub({ ...place, runUrl }, dice.fork('github'));
  const env = { GITHUB_API_URL: github.url, GITHUB_SHA: sha };
  const runner = rememberingRunner({ ...inputs, 'api-url': service.url }, kept, env);
  const states: ReadonlyMap<string, string>[] = [new Map()];
  const saveState = (name: string, value: string) => {
    runner.saveState(name, value);
    states.push(new Map(runner.kept));
  };
  const longestTurn = watchTurns();
  const deps = fakeDeps({ ...runner, saveState }, fastClock(speeds[action]));
  // With time for every answer: what did not come in time was told, and is not known.
  await commands[action]({ ...deps, connect });
  const turnMs = longestTurn();
  await Promise.all([service.close(), github.close()]);
  return { runner, states, sent: github.sent, turnMs };
}

/** The longest time that the thread had work in one turn of the event loop, in ms. */
function watchTurns() {
  let longest = 0;
  let before = process.threadCpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, (user + system) / 1_000);
    before = process.threadCpuUsage();
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}
