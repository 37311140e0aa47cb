import type { JsonMapping } from '../api/sign.ts';
import type { Problem } from '../errors.ts';
import type { CookFields, Entry } from './recipes.ts';

/** The inputs that these rules look at. */
export interface Related extends CookFields {
  readonly recipes?: readonly Entry[] | undefined;
  readonly wait?: boolean | undefined;
  readonly waitUntil?: string | undefined;
  readonly maxParallel?: number | undefined;
}

/** What is wrong between fields that are each right, in the inputs and in each entry of `recipes`. */
export function checkRules(inputs: Related): readonly Problem[] {
  const { recipes = [], wait, waitUntil, maxParallel, ...shared } = inputs;
  const ofInputs = checkFields(shared, shared, (field) =>
    field.replace(/_ms$/, '').replaceAll('_', '-'),
  );
  const ofEntries = recipes.flatMap((entry, index) =>
    checkFields(entry, { ...shared, ...entry }, (field) => `recipes[${index}].${field}`),
  );
  return [
    ...ofInputs,
    ...ofEntries,
    ...(wait === false ? checkWithoutWait(waitUntil, maxParallel) : []),
  ];
}

function checkWithoutWait(waitUntil?: string, maxParallel = 0): readonly Problem[] {
  const because = 'cannot be given with `wait: false`, which waits for nothing';
  return [
    ...(waitUntil === undefined ? [] : [{ input: 'wait-until', message: because }]),
    ...(maxParallel === 0 ? [] : [{ input: 'max-parallel', message: because }]),
  ];
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
  const complain = (field: keyof CookFields, message: string) =>
    problems.push({ input: nameOf(field), message });
  if (given.gpu_name && given.gpu_registry_uuid) {
    complain(
      'gpu_name',
      `cannot be given together with ${nameOf('gpu_registry_uuid')}: choose one`,
    );
  }
  const { task, max_timeout_run_ms: runTimeout } = effective;
  if (given.max_timeout_run_ms !== undefined) {
    if (task === 'PERSISTENT' && runTimeout !== null) {
      complain('max_timeout_run_ms', `cannot be given with task PERSISTENT, ${whyUnbounded}`);
    }
    if (task === 'BATCH' && runTimeout === null) {
      complain('max_timeout_run_ms', 'cannot be null with task BATCH, which needs a bound');
    }
  } else if (given.task === 'PERSISTENT' && typeof runTimeout === 'number') {
    const remedy = 'the input max-timeout-run is not for it: add `max_timeout_run_ms: null` here';
    complain('task', `PERSISTENT is a job ${whyUnbounded}; ${remedy}`);
  }
  return problems;
}

/**
 * What is wrong with a cook as a whole, the recipe's fields included, that the service would refuse.
 * Only known once the recipe is.
 */
export function checkWhole(cook: JsonMapping): readonly Problem[] {
  const { task, max_timeout_run_ms: runTimeout, gpu_name: name, gpu_registry_uuid: uuid } = cook;
  const isBounded = typeof runTimeout === 'number';
  const rules: readonly (Problem & { readonly isBroken: boolean })[] = [
    {
      isBroken: task !== 'PERSISTENT' && !isBounded,
      input: 'max-timeout-run',
      message: 'is needed for a BATCH job, and the recipe has none: give a duration such as 2h',
    },
    {
      isBroken: task === 'PERSISTENT' && isBounded,
      input: 'max-timeout-run',
      message: `cannot be given: the job is PERSISTENT, ${whyUnbounded}`,
    },
    {
      isBroken: Boolean(name && uuid),
      input: 'gpu-name',
      message:
        'is set together with gpu-registry-uuid, one of them by the recipe: give the one you want in an entry of recipes, and the other as null',
    },
  ];
  return rules.filter(({ isBroken }) => isBroken);
}
