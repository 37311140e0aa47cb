import { isMapping } from '../service/json.ts';
import type { Problem } from '../errors.ts';
import type { ReadyCheck } from '../jobs/ready-check.ts';
import { shareProblems, type Ceilings } from '../money/ceilings.ts';
import type { JsonMapping } from '../service/json.ts';
import { inputName, type CookFields, type RecipeEntry } from './recipes.ts';

/** The inputs that these rules look at; those that have a problem of their own are missing. */
export interface RelatedInputs {
  readonly fields: CookFields;
  readonly ceilings: Ceilings;
  /** From one of the two inputs. */
  readonly recipes?: readonly RecipeEntry[] | undefined;
  readonly 'recipes-file'?: readonly RecipeEntry[] | undefined;
  readonly wait?: boolean | undefined;
  readonly 'wait-until'?: string | undefined;
  readonly 'ready-check'?: ReadyCheck | undefined;
  readonly 'max-parallel'?: number | undefined;
  readonly 'fail-fast'?: boolean | undefined;
}

type Rule = readonly [isBroken: boolean, input: string, message: string];

function brokenOf(rules: readonly Rule[]): readonly Problem[] {
  return rules.flatMap(([isBroken, input, message]) => (isBroken ? [{ input, message }] : []));
}

/** What is wrong between inputs that are each valid, also in each entry of `recipes`. */
export function checkRules(inputs: RelatedInputs): readonly Problem[] {
  const { fields, recipes = [] } = inputs;
  const list = inputs['recipes-file'] === undefined ? 'recipes' : 'recipes-file';
  const entryProblems = recipes.flatMap((entry, index) =>
    checkFields(entry, { ...fields, ...entry }, (field) => `${list}[${index}].${field}`),
  );
  return [
    ...checkFields(fields, fields, inputName),
    ...entryProblems,
    ...brokenOf(waitRules(inputs)),
    ...checkShare(inputs),
  ];
}

// The retries of a recipe are known only once it is read.
function checkShare({ recipes = [], fields, ceilings }: RelatedInputs): readonly Problem[] {
  const batches = recipes.filter((entry) => (entry.task ?? fields.task) !== 'PERSISTENT');
  if (batches.length === 0) return [];
  const retries = batches.map((entry) => entry.max_retry_count ?? fields.max_retry_count ?? 0);
  return shareProblems(ceilings, recipes.length, Math.max(...retries));
}

const whyUnbounded = 'which runs until it is cancelled';

function waitRules(inputs: RelatedInputs): readonly Rule[] {
  const { fields, ceilings, recipes = [], wait = true, 'wait-until': goal } = inputs;
  const isLimited = (inputs['max-parallel'] ?? 0) > 0;
  const isProbed = inputs['ready-check'] !== undefined;
  const entries = recipes.length > 0 ? recipes : [fields];
  const tasks = entries.map((entry) => entry.task ?? fields.task);
  const noWait = 'cannot be used with `wait: false`';
  const counts = 'counts the jobs that have not completed';
  const otherThan = (word: string) => wait && goal !== undefined && goal !== word;
  return [
    [!wait && goal !== undefined, 'wait-until', noWait],
    [!wait && isLimited, 'max-parallel', noWait],
    [!wait && inputs['fail-fast'] === true, 'fail-fast', noWait],
    [!wait && isProbed, 'ready-check', noWait],
    [
      !wait && ceilings.maxCostUsd !== null && ceilings.maxHourlyRateUsd === null,
      'max-cost',
      'needs max-hourly-rate with `wait: false`, since nobody watches what the jobs cost',
    ],
    [
      isLimited && otherThan('completed'),
      'max-parallel',
      `cannot be used with \`wait-until: ${goal}\`: it ${counts}`,
    ],
    [
      isLimited && wait && goal === undefined && tasks.includes('PERSISTENT'),
      'max-parallel',
      `cannot be used with task PERSISTENT, ${whyUnbounded}`,
    ],
    [
      !isProbed && goal === 'ready',
      'ready-check',
      'is needed with `wait-until: ready`: a port and a path, such as 8080/health',
    ],
    [
      isProbed && otherThan('ready'),
      'ready-check',
      `cannot be used with \`wait-until: ${goal}\`: use ready, or leave it out for task PERSISTENT`,
    ],
    [
      isProbed && goal === undefined && tasks.every((task) => task === 'BATCH'),
      'ready-check',
      'is for task PERSISTENT; for BATCH add `wait-until: ready`',
    ],
    [
      isProbed && goal === undefined && isLimited,
      'ready-check',
      `cannot be used with max-parallel, which ${counts}`,
    ],
  ];
}

/**
 * @param given what this place sets
 * @param effective the same on top of what it is laid on
 */
function checkFields(
  given: CookFields,
  effective: CookFields,
  nameOf: (field: keyof CookFields) => string,
): readonly Problem[] {
  const { task, max_timeout_run_ms: runLimit } = effective;
  const setsLimit = given.max_timeout_run_ms !== undefined;
  return brokenOf([
    [
      Boolean(given.gpu_name && given.gpu_registry_uuid),
      nameOf('gpu_name'),
      `cannot be used together with ${nameOf('gpu_registry_uuid')}: choose one`,
    ],
    [
      setsLimit && task === 'PERSISTENT' && runLimit !== null,
      nameOf('max_timeout_run_ms'),
      `cannot be set for task PERSISTENT, ${whyUnbounded}`,
    ],
    [
      setsLimit && task === 'BATCH' && runLimit === null,
      nameOf('max_timeout_run_ms'),
      'cannot be null for task BATCH, which needs a limit',
    ],
    [
      !setsLimit && given.task === 'PERSISTENT' && typeof runLimit === 'number',
      nameOf('task'),
      'a PERSISTENT job runs until it is cancelled, so max-timeout-run does not apply to it: add `max_timeout_run_ms: null` here',
    ],
  ]);
}

/** The inputs that matter once the recipe is known. */
export type WholeRules = Pick<RelatedInputs, 'wait-until' | 'max-parallel' | 'ready-check'>;

/**
 * What is wrong with a cook as a whole, the recipe's fields included. Only known once the recipe is.
 */
export function checkWhole(cook: JsonMapping, rules: WholeRules): readonly Problem[] {
  const { task, max_timeout_run_ms: runLimit, gpu_name: name, gpu_registry_uuid: uuid } = cook;
  const { 'wait-until': goal, 'max-parallel': maxParallel = 0, 'ready-check': check } = rules;
  const isBounded = typeof runLimit === 'number';
  const isServer = task === 'PERSISTENT';
  const isProbed = check !== undefined && (isServer || goal === 'ready');
  return brokenOf([
    [
      task === 'BATCH' && !isBounded,
      'max-timeout-run',
      'is required for a BATCH job, and the recipe has none: set a duration such as 2h',
    ],
    [
      isServer && isBounded,
      'max-timeout-run',
      `cannot be set: the job is PERSISTENT, ${whyUnbounded}`,
    ],
    [
      Boolean(name && uuid),
      'gpu-name',
      'is set together with gpu-registry-uuid, one of them by the recipe: in an entry of recipes, set the one you want, and the other to null',
    ],
    [
      isServer && maxParallel > 0 && goal === undefined,
      'max-parallel',
      `cannot be used: the job is PERSISTENT, ${whyUnbounded}`,
    ],
    [
      isProbed && lacksPort(cook, check.port),
      'ready-check',
      `asks port ${check?.port}, which is not among the ports of the job: add it to ports`,
    ],
  ]);
}

function lacksPort({ parameters }: JsonMapping, port: number): boolean {
  const container = isMapping(parameters) ? parameters['parameters'] : null;
  const ports = isMapping(container) ? container['ports'] : null;
  return Array.isArray(ports) && ports.length > 0 && !ports.some((each) => Number(each) === port);
}
