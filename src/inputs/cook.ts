import type { Problem } from '../errors.ts';
import type { Runner } from '../runner.ts';
import type { Container } from './container.ts';
import { tryInputs, validValues, type Values } from './read.ts';
import { cookFields, inputName, recipesForm, warnOfUnknownRegions } from './recipes.ts';
import { checkRules } from './rules.ts';
import { cookInputs } from './tables.ts';

type GivenInputs = Values<typeof cookInputs>;

export type CookInputs = Readonly<ReturnType<typeof readCookInputs>>;

/**
 * Reads the cook action's inputs. Secrets are masked before anything can be printed.
 * @throws InputError with every problem found
 */
export function readCookInputs(runner: Runner) {
  const { values, problems } = tryInputs(runner, cookInputs);
  const { values: fields, problems: fieldProblems } = tryInputs(runner, cookFields, inputName);
  const recipes = values.recipes ?? values['recipes-file'] ?? [];
  const containers = [values, ...recipes].map(({ parameters = {} }) => parameters);
  const envs = [values, ...recipes].map(({ env }) => ({ env }));
  for (const parts of [...containers, ...envs])
    runner.redactor.addCredentialsOf({ parameters: { parameters: parts } });
  const ceilings = {
    maxHourlyRateUsd: values['max-hourly-rate'] ?? null,
    maxCostUsd: values['max-cost'] ?? null,
  };
  const inputs = validValues<GivenInputs>(values, [
    ...problems,
    ...fieldProblems,
    ...checkSource(runner),
    ...checkRules({ ...values, recipes, fields, ceilings }),
  ]);
  warnOfUnknownRegions(runner, [fields, ...recipes]);
  if (!inputs.ssh) warnOfPortsWithoutSsh(runner, containers);
  warnOfUnboundedCost(runner, inputs);
  const onJobEnd = inputs['on-job-end'] ?? (inputs.ssh ? 'cancel' : 'keep');
  return { ...inputs, 'on-job-end': onJobEnd, recipes, fields, ceilings };
}

function checkSource(runner: Runner): readonly Problem[] {
  const names = ['recipes', 'recipes-file'].filter((name) => runner.input(name).trim() !== '');
  if (names.length === 1) return [];
  const isMissing = names.length === 0;
  const missing = `is missing: ${recipesForm}, or set recipes-file`;
  return [{ input: 'recipes', message: isMissing ? missing : 'cannot be used with recipes-file' }];
}

// Seen in practice: some nodes report no address at all of a container without port 22.
function warnOfPortsWithoutSsh(runner: Runner, containers: readonly Container[]): void {
  if (!containers.some(({ ports = [] }) => ports.length > 0 && !ports.includes(22))) return;
  runner.annotate(
    'warning',
    'Port 22 is missing in ports',
    'The parameter ports replaces the ports of the image and the recipe, and does not contain 22. Some machines then report no address. Add 22, or ignore this warning if you do not need the address of the job.',
  );
}

function warnOfUnboundedCost(runner: Runner, inputs: GivenInputs): void {
  const leaving = ['on-timeout', 'on-workflow-cancel'] as const;
  const left = leaving.filter((name) => inputs[name] !== 'cancel');
  const isBounded = inputs['max-cost'] === undefined || inputs['max-hourly-rate'] !== undefined;
  if (isBounded || left.length === 0) return;
  const settings = left.map((name) => `${name}: ${inputs[name]}`).join(' and ');
  runner.annotate(
    'warning',
    'max-cost applies only while this step runs',
    `With ${settings}, jobs may keep running after this step, and no step watches what they cost. Also set max-hourly-rate: the action then limits the run time of each BATCH job to what its share of max-cost pays for.`,
  );
}
