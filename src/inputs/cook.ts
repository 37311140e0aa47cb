import type { Problem } from '../errors.ts';
import type { Ceilings } from '../money/ceilings.ts';
import type { Runner } from '../runner.ts';
import { accessInputs, token } from './access.ts';
import { container, environment, readEnvironmentLines, type Container } from './container.ts';
import {
  commitSha,
  duration,
  flag,
  line,
  oneOf,
  pollInterval,
  readyCheck,
  usd,
  userName,
  whole,
} from './parsers.ts';
import { input, optional, tryInputs, type Input, type Values } from './read.ts';
import {
  cookFields,
  fieldNames,
  readRecipeFile,
  readRecipeList,
  recipeEntries,
  recipesForm,
  type CookFields,
  type RecipeEntry,
} from './recipes.ts';
import { warnOfUnknownRegions } from './regions.ts';
import { checkRules } from './rules.ts';
import { readMapping, validValues } from './tree.ts';
import { parseYaml } from './yaml.ts';

/** The inputs of the cook action but those of {@link cookFields}. */
export const cookInputs = {
  recipes: optional(recipeEntries, readRecipeList),
  'recipes-file': optional(recipeEntries, readRecipeFile),
  ...accessInputs,
  'max-hourly-rate': optional(usd),
  'max-cost': optional(usd),
  parameters: optional(container, parseYaml),
  env: optional(environment, readEnvironmentLines),
  wait: input(flag, 'true'),
  'wait-until': optional(oneOf(['completed', 'running', 'ready'])),
  'ready-check': optional(readyCheck),
  ssh: input(flag, 'false'),
  'ssh-user': optional(userName),
  timeout: input(duration(), '5h45m'),
  'on-timeout': input(oneOf(['cancel', 'fail', 'detach']), 'cancel'),
  'on-workflow-cancel': input(oneOf(['cancel', 'detach']), 'cancel'),
  'on-job-end': optional(oneOf(['keep', 'cancel'])),
  'on-rerun': input(oneOf(['cook', 'attach']), 'cook'),
  'poll-interval': input(pollInterval, 'auto'),
  'max-parallel': input(whole(0, 1_000), '0'),
  'fail-fast': input(flag, 'false'),
  logs: input(oneOf(['stream', 'on-failure', 'none']), 'stream'),
  'dry-run': input(flag, 'false'),
  'commit-status': input(flag, 'false'),
  'commit-sha': optional(commitSha),
  'github-token': optional(token),
  'matrix-index': input(line, '0'),
} satisfies Record<string, Input>;

/** The cook action's inputs, checked. */
export interface CookInputs extends Omit<
  Values<typeof cookInputs>,
  'recipes' | 'recipes-file' | 'on-job-end'
> {
  readonly 'on-job-end': 'keep' | 'cancel';
  readonly recipes: readonly RecipeEntry[];
  readonly fields: CookFields;
  readonly ceilings: Ceilings;
}

/**
 * Reads the cook action's inputs. Secrets are masked before anything can be printed.
 * @throws InputError with every problem found
 */
export async function readCookInputs(runner: Runner): Promise<CookInputs> {
  const { values, problems } = await tryInputs(runner, cookInputs);
  const recipes = values.recipes ?? values['recipes-file'] ?? [];
  const containers = [values, ...recipes].map(({ parameters = {} }) => parameters);
  const envs = [values, ...recipes].map(({ env }) => ({ env }));
  for (const parts of [...containers, ...envs])
    runner.redactor.addCredentialsOf({ parameters: { parameters: parts } });
  const fields = readFields(runner);
  const ceilings = {
    maxHourlyRateUsd: values['max-hourly-rate'] ?? null,
    maxCostUsd: values['max-cost'] ?? null,
  };
  const sendsKey = containers.some(({ sshkey }) => sshkey !== undefined);
  const related = { ...values, recipes, fields: fields.values, ceilings, sendsKey };
  const broken = [...checkSource(runner), ...checkRules(related)];
  const inputs = validValues(values, [...problems, ...fields.problems, ...broken]);
  warnOfUnknownRegions(runner, [fields.values, ...recipes]);
  if (!inputs.ssh) warnOfPortsWithoutSsh(runner, containers);
  warnOfUnboundedCost(runner, inputs);
  const onJobEnd = inputs['on-job-end'] ?? (inputs.ssh ? 'cancel' : 'keep');
  return { ...inputs, 'on-job-end': onJobEnd, recipes, fields: fields.values, ceilings };
}

function checkSource(runner: Runner): readonly Problem[] {
  const names = ['recipes', 'recipes-file'].filter((name) => runner.input(name).trim() !== '');
  if (names.length === 1) return [];
  const isMissing = names.length === 0;
  const message = isMissing
    ? `is missing: ${recipesForm}; or a file in recipes-file`
    : 'cannot be used with recipes-file';
  return [{ input: 'recipes', message }];
}

function readFields(runner: Runner): { values: CookFields; problems: readonly Problem[] } {
  const given: Record<string, string> = {};
  for (const name of fieldNames.keys()) given[name] = runner.input(name).trim();
  const { values, problems } = readMapping(cookFields, given, fieldNames);
  // The place of a member begins with a point.
  return {
    values,
    problems: problems.map(({ input: place, message }) => ({ input: place.slice(1), message })),
  };
}

// Reported from the field: some nodes tell no address at all of a container that has no port 22. The
// image's own ports have it; a list in the inputs takes their place.
function warnOfPortsWithoutSsh(runner: Runner, containers: readonly Container[]): void {
  if (!containers.some(({ ports = [] }) => ports.length > 0 && !ports.includes(22))) return;
  runner.annotate(
    'warning',
    'The ports lack 22',
    "ports replaces the ports of the image or the recipe, and 22 is not in it: some nodes then never report an address. Add 22, or ignore this if nobody needs the job's address.",
  );
}

function warnOfUnboundedCost(runner: Runner, inputs: Values<typeof cookInputs>): void {
  const leaving = ['on-timeout', 'on-workflow-cancel'] as const;
  const left = leaving.filter((name) => inputs[name] !== 'cancel');
  const isBounded = inputs['max-cost'] === undefined || inputs['max-hourly-rate'] !== undefined;
  if (isBounded || left.length === 0) return;
  const settings = left.map((name) => `${name}: ${inputs[name]}`).join(' and ');
  runner.annotate(
    'warning',
    'max-cost holds only while this step runs',
    `${settings} may leave jobs running, and then nobody watches what they cost. Set max-hourly-rate as well: a BATCH job then gets its share of max-cost as run limit.`,
  );
}

/** What the post entry needs of the inputs of any of the actions. */
export const cleanUpInputs = {
  ...accessInputs,
  'on-workflow-cancel': cookInputs['on-workflow-cancel'],
  'on-job-end': cookInputs['on-job-end'],
  'github-token': cookInputs['github-token'],
};
