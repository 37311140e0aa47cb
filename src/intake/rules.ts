import type { Problem } from '../errors.ts';
import type { CookFields, Entry } from './entries.ts';

/** The inputs that these rules look at. */
export interface Related extends CookFields {
  readonly recipes?: readonly Entry[] | undefined;
  readonly wait?: boolean | undefined;
  readonly waitUntil?: string | undefined;
}

/** What is wrong between fields that are each right, in the inputs and in each entry of `recipes`. */
export function checkRules(inputs: Related): readonly Problem[] {
  const { recipes = [], wait, waitUntil, ...shared } = inputs;
  const ofInputs = checkFields(shared, shared, (field) =>
    field.replace(/_ms$/, '').replaceAll('_', '-'),
  );
  const ofEntries = recipes.flatMap((entry, index) =>
    checkFields(entry, { ...shared, ...entry }, (field) => `recipes[${index}].${field}`),
  );
  return [...ofInputs, ...ofEntries, ...checkWait(wait, waitUntil)];
}

function checkWait(wait: boolean | undefined, waitUntil: string | undefined): readonly Problem[] {
  if (wait !== false || waitUntil === undefined) return [];
  return [
    { input: 'wait-until', message: 'cannot be given with `wait: false`, which waits for nothing' },
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
  const problems: Problem[] = [];
  const complain = (field: keyof CookFields, message: string) =>
    problems.push({ input: nameOf(field), message });
  if (given.gpu_name && given.gpu_registry_uuid) {
    complain(
      'gpu_name',
      `cannot be given together with ${nameOf('gpu_registry_uuid')}: choose one`,
    );
  }
  const touchesTask = given.task !== undefined || given.max_timeout_run_ms !== undefined;
  const { task, max_timeout_run_ms: runTimeout } = effective;
  if (touchesTask && task === 'PERSISTENT' && typeof runTimeout === 'number') {
    complain(
      'max_timeout_run_ms',
      'cannot be given with task PERSISTENT, which runs until it is cancelled',
    );
  }
  if (touchesTask && task === 'BATCH' && runTimeout === null) {
    complain(
      'max_timeout_run_ms',
      'cannot be null with task BATCH, which needs a bound on its run',
    );
  }
  return problems;
}
