import type { Runner } from '../runner.ts';
import { accessInputs, token } from './access.ts';
import { duration, flag, line, oneOf, textThat } from './parsers.ts';
import { input, optional, tryInputs, type Values } from './read.ts';
import { validValues } from './tree.ts';

/** The name of a workflow's file, with or without its folder. */
const workflowFile = textThat(
  'is not the name of a workflow file, such as deploy.yml',
  (given) => /^(?:\.github\/workflows\/)?([\w.-]+\.ya?ml)$/.exec(given)?.[1],
);

/** The inputs of the check action, in the order of `check/action.yml`. */
export const checkInputs = {
  ...accessInputs,
  'github-token': input(token),
  since: input(duration(), '3d'),
  orphans: input(oneOf(['cancel', 'report']), 'cancel'),
  'commit-status': input(flag, 'true'),
  'follow-up': optional(workflowFile),
  ref: optional(line),
};

/** The check action's inputs, checked. */
export type CheckInputs = Values<typeof checkInputs>;

/** @throws InputError with every problem found */
export async function readCheckInputs(runner: Runner): Promise<CheckInputs> {
  const { values, problems } = await tryInputs(runner, checkInputs);
  const message =
    'needs `commit-status: true`: the pending status tells for which jobs it was dispatched';
  const isForgetful = values['follow-up'] !== undefined && values['commit-status'] === false;
  const rules = isForgetful ? [{ input: 'follow-up', message }] : [];
  return validValues(values, [...problems, ...rules]);
}
