import type { JsonMapping } from '../service/sign.ts';
import type { Problem } from '../errors.ts';
import type { ReadyCheck } from '../jobs/ready-check.ts';
import { shareProblems, type Ceilings } from '../money/ceilings.ts';
import type { CookFields, RecipeEntry } from './recipes.ts';

/** The inputs that these rules look at. */
export interface RelatedInputs extends CookFields {
  readonly recipes?: readonly RecipeEntry[] | undefined;
  readonly wait?: boolean | undefined;
  readonly waitUntil?: string | undefined;
  readonly readyCheck?: ReadyCheck | undefined;
  readonly maxParallel?: number | undefined;
  readonly failFast?: boolean | undefined;
  readonly ceilings?: Ceilings | undefined;
}

/** What is wrong between inputs that are each valid, also in each entry of `recipes`. */
export function checkRules(inputs: RelatedInputs): readonly Problem[] {
  const {
    recipes = [],
    wait,
    waitUntil,
    readyCheck,
    maxParallel,
    failFast,
    ceilings,
    ...shared
  } = inputs;
  const ofInputs = checkFields(shared, shared, (field) =>
    field.replace(/_ms$/, '').replaceAll('_', '-'),
  );
  const ofEntries = recipes.flatMap((entry, index) =>
    checkFields(entry, { ...shared, ...entry }, (field) => `recipes[${index}].${field}`),
  );
  const broken = brokenRules([...waitRules(inputs), ...readyRules(inputs)]);
  return [...ofInputs, ...ofEntries, ...broken, ...shareRules(inputs)];
}

// The retries of a recipe are known only once it is read.
function shareRules({ recipes = [], ceilings, task, max_retry_count: retries }: RelatedInputs) {
  const batches = recipes.filter((entry) => (entry.task ?? task) !== 'PERSISTENT');
  if (ceilings === undefined || batches.length === 0) return [];
  const most = Math.max(...batches.map((entry) => entry.max_retry_count ?? retries ?? 0));
  return shareProblems(ceilings, recipes.length, most);
}

interface Rule extends Problem {
  readonly isBroken: boolean;
}

function brokenRules(rules: readonly Rule[]): readonly Problem[] {
  return rules.filter(({ isBroken }) => isBroken).map(({ input, message }) => ({ input, message }));
}

function waitRules(inputs: RelatedInputs): readonly Rule[] {
  const { wait, waitUntil, maxParallel = 0, failFast = false } = inputs;
  const message = 'cannot be used with `wait: false`';
  const isLimited = maxParallel > 0 && wait !== false;
  return [
    { isBroken: wait === false && waitUntil !== undefined, input: 'wait-until', message },
    { isBroken: wait === false && maxParallel > 0, input: 'max-parallel', message },
    { isBroken: wait === false && failFast, input: 'fail-fast', message },
    {
      isBroken: isLimited && waitUntil !== undefined && waitUntil !== 'completed',
      input: 'max-parallel',
      message: `cannot be used with \`wait-until: ${waitUntil}\`: it counts the jobs that have not completed`,
    },
    {
      isBroken: isLimited && waitUntil === undefined && hasPersistent(inputs),
      input: 'max-parallel',
      message: `cannot be used with task PERSISTENT, ${whyUnbounded}`,
    },
  ];
}

function readyRules(inputs: RelatedInputs): readonly Rule[] {
  const { wait, waitUntil, readyCheck, maxParallel = 0 } = inputs;
  const input = 'ready-check';
  const isGiven = readyCheck !== undefined;
  const isOtherGoal = waitUntil !== undefined && waitUntil !== 'ready';
  return [
    {
      isBroken: waitUntil === 'ready' && !isGiven,
      input,
      message: 'is needed with `wait-until: ready`: a port and a path, such as 8080/health',
    },
    {
      isBroken: isGiven && wait === false,
      input,
      message: 'cannot be used with `wait: false`',
    },
    {
      isBroken: isGiven && wait !== false && isOtherGoal,
      input,
      message: `cannot be used with \`wait-until: ${waitUntil}\`: use ready, or leave it out for task PERSISTENT`,
    },
    {
      isBroken: isGiven && waitUntil === undefined && isAllBatch(inputs),
      input,
      message: 'is for task PERSISTENT; for BATCH add `wait-until: ready`',
    },
    {
      isBroken: isGiven && waitUntil === undefined && maxParallel > 0,
      input,
      message: 'cannot be used with max-parallel, which counts the jobs that have not completed',
    },
  ];
}

function isAllBatch({ task, recipes = [] }: RelatedInputs): boolean {
  const tasks = recipes.length === 0 ? [task] : recipes.map((entry) => entry.task ?? task);
  return tasks.every((each) => each === 'BATCH');
}

function hasPersistent({ task, recipes = [] }: RelatedInputs): boolean {
  const tasks = recipes.length === 0 ? [task] : recipes.map((entry) => entry.task ?? task);
  return tasks.includes('PERSISTENT');
}

const whyUnbounded = 'which runs until it is cancelled';

/**
 * @param given what this place sets
 * @param effective the same on top of what it is laid on
 */
function checkFields(
  given: CookFields,
  effective: CookFields,
  nameOf: (field: keyof CookFields) => string,
): readonly Problem[] {
  const problems: Problem[] = [];
  const report = (field: keyof CookFields, message: string) =>
    problems.push({ input: nameOf(field), message });
  if (given.gpu_name && given.gpu_registry_uuid) {
    report('gpu_name', `cannot be used together with ${nameOf('gpu_registry_uuid')}: choose one`);
  }
  const { task, max_timeout_run_ms: runTimeout } = effective;
  if (given.max_timeout_run_ms !== undefined) {
    if (task === 'PERSISTENT' && runTimeout !== null) {
      report('max_timeout_run_ms', `cannot be set for task PERSISTENT, ${whyUnbounded}`);
    }
    if (task === 'BATCH' && runTimeout === null) {
      report('max_timeout_run_ms', 'cannot be null for task BATCH, which needs a limit');
    }
  } else if (given.task === 'PERSISTENT' && typeof runTimeout === 'number') {
    const remedy = 'so max-timeout-run does not apply to it: add `max_timeout_run_ms: null` here';
    report('task', `a PERSISTENT job runs until it is cancelled, ${remedy}`);
  }
  return problems;
}

/**
 * What the service would reject in a cook as a whole, the recipe's fields included. Only known once
 * the recipe is.
 */
export function checkWhole(cook: JsonMapping): readonly Problem[] {
  const { task, max_timeout_run_ms: runTimeout, gpu_name: name, gpu_registry_uuid: uuid } = cook;
  const isBounded = typeof runTimeout === 'number';
  return brokenRules([
    {
      isBroken: task !== 'PERSISTENT' && !isBounded,
      input: 'max-timeout-run',
      message: 'is required for a BATCH job, and the recipe has none: set a duration such as 2h',
    },
    {
      isBroken: task === 'PERSISTENT' && isBounded,
      input: 'max-timeout-run',
      message: `cannot be set: the job is PERSISTENT, ${whyUnbounded}`,
    },
    {
      isBroken: Boolean(name && uuid),
      input: 'gpu-name',
      message:
        'is set together with gpu-registry-uuid, one of them by the recipe: in an entry of recipes, set the one you want, and the other to null',
    },
  ]);
}
