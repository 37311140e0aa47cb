import * as z from 'zod/mini';
import type { Ceilings } from '../money/ceilings.ts';
import type { Runner } from '../runner.ts';
import { apiUrl, publicKey, secretKey, token } from './access.ts';
import { containerText, environmentLines, secretsOf } from './container.ts';
import {
  duration,
  flag,
  fromText,
  InvalidValue,
  line,
  oneOf,
  pollInterval,
  text,
  usd,
  uuid,
  whole,
} from './parsers.ts';
import {
  input,
  maskSecrets,
  optional,
  readInputs,
  validValues,
  type Input,
  type Values,
} from './read.ts';
import { readyCheck } from './ready-check.ts';
import { cookFields, entries, gpuNames, type CookFields } from './recipes.ts';
import { warnOfUnknownRegions } from './regions.ts';
import { checkRules } from './rules.ts';

const minuteMs = 60_000;

const regionList = z.pipe(
  fromText((given): unknown => {
    const codes = given.split(/[\s,]+/).filter((code) => code !== '');
    return codes.length > 0 ? codes : new InvalidValue('contains no region code');
  }),
  cookFields.allowed_region_codes,
);

const gpuNameLines = z.pipe(
  fromText((given) =>
    given
      .split(/[\r\n]+/)
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  ),
  gpuNames,
);

/** The inputs of the cook action, in the order of `action.yml`. */
export const cookInputs = {
  recipes: input(entries),
  'public-key': input(publicKey),
  'secret-key': input(secretKey),
  'api-url': input(apiUrl, 'https://api.dispersed.com'),
  title: optional(line),
  description: optional(text),
  task: optional(cookFields.task),
  'cpu-count': optional(cookFields.cpu_count),
  'gpu-count': optional(cookFields.gpu_count),
  'gpu-name': optional(gpuNameLines),
  'gpu-registry-uuid': optional(uuid),
  'min-vram-gb': optional(cookFields.min_vram_gb),
  'min-ram-gb': optional(cookFields.min_ram_gb),
  'min-storage-gb': optional(cookFields.min_storage_gb),
  'max-node-count': optional(cookFields.max_node_count),
  'max-retry-count': optional(cookFields.max_retry_count),
  'max-timeout-assign': optional(duration(5 * minuteMs)),
  'max-timeout-start': optional(duration(2 * minuteMs)),
  'max-timeout-run': optional(duration(minuteMs)),
  'allowed-region-codes': optional(regionList),
  'max-hourly-rate': optional(usd),
  'max-cost': optional(usd),
  parameters: optional(containerText),
  env: { ...optional(environmentLines), verbatim: true },
  wait: input(flag, 'true'),
  'wait-until': optional(oneOf(['completed', 'running', 'ready'])),
  'ready-check': optional(readyCheck),
  timeout: input(duration(), '5h45m'),
  'on-timeout': input(oneOf(['cancel', 'fail', 'detach']), 'cancel'),
  'on-workflow-cancel': input(oneOf(['cancel', 'detach']), 'cancel'),
  'on-job-end': input(oneOf(['keep', 'cancel']), 'keep'),
  'on-rerun': input(oneOf(['cook', 'attach']), 'cook'),
  'poll-interval': input(pollInterval, 'auto'),
  'max-parallel': input(whole(0, 1_000), '0'),
  'fail-fast': input(flag, 'false'),
  logs: input(oneOf(['stream', 'on-failure', 'none']), 'stream'),
  'dry-run': input(flag, 'false'),
  'commit-status': input(flag, 'false'),
  'github-token': optional(token),
  'matrix-index': input(line, '0'),
} satisfies Record<string, Input>;

/** The cook action's inputs, checked. */
export type CookInputs = Values<typeof cookInputs>;

/**
 * Reads the cook action's inputs. Secrets are masked before anything can be printed.
 * @throws InputError with every problem found
 */
export async function readCookInputs(runner: Runner): Promise<CookInputs> {
  const { values, problems } = await readInputs(runner, cookInputs);
  const { recipes = [], parameters } = values;
  const containers = [parameters, ...recipes.map((entry) => entry.parameters)];
  maskSecrets(
    runner,
    containers.flatMap((each) => (each === undefined ? [] : secretsOf(each))),
  );
  const related = {
    ...fieldsOf(values),
    recipes,
    wait: values.wait,
    waitUntil: values['wait-until'],
    readyCheck: values['ready-check'],
    maxParallel: values['max-parallel'],
    failFast: values['fail-fast'],
    ceilings: ceilingsOf(values),
  };
  const inputs = validValues({ values, problems: [...problems, ...checkRules(related)] });
  const cooks = [fieldsOf(inputs), ...recipes];
  warnOfUnknownRegions(
    runner,
    cooks.flatMap((each) => each.allowed_region_codes ?? []),
  );
  warnOfPortsWithoutSsh(runner, inputs);
  return inputs;
}

const cleanUpInputs = {
  'public-key': cookInputs['public-key'],
  'secret-key': cookInputs['secret-key'],
  'api-url': cookInputs['api-url'],
  'on-workflow-cancel': cookInputs['on-workflow-cancel'],
  'on-job-end': cookInputs['on-job-end'],
  'commit-status': cookInputs['commit-status'],
  'github-token': cookInputs['github-token'],
};

/** What the post entry needs of the inputs. */
export type CleanUpInputs = Values<typeof cleanUpInputs>;

/**
 * Reads what the post entry needs of the inputs of any of the actions.
 * @throws InputError
 */
export async function readCleanUpInputs(runner: Runner): Promise<CleanUpInputs> {
  return validValues(await readInputs(runner, cleanUpInputs));
}

// Reported from the field: some nodes tell no address at all of a container that has no port 22. The
// image's own ports have it; a list in the inputs takes their place.
function warnOfPortsWithoutSsh(runner: Runner, { parameters, recipes }: CookInputs): void {
  const lists = [parameters?.ports, ...recipes.map((entry) => entry.parameters?.ports)];
  const hasNone = lists.some((ports = []) => ports.length > 0 && !ports.includes(22));
  if (!hasNone) return;
  runner.annotate(
    'warning',
    'The ports lack 22',
    "ports replaces the ports of the image or the recipe, and 22 is not in it: some nodes then never report an address. Add 22, or ignore this if nobody needs the job's address.",
  );
}

/** What the jobs of the step may cost. */
export function ceilingsOf(inputs: Partial<CookInputs>): Ceilings {
  return {
    maxHourlyRateUsd: inputs['max-hourly-rate'] ?? null,
    maxCostUsd: inputs['max-cost'] ?? null,
  };
}

/** The cook fields among the inputs, by the API's names. */
export function fieldsOf(inputs: Partial<CookInputs>): CookFields {
  return {
    title: inputs.title,
    description: inputs.description,
    task: inputs.task,
    cpu_count: inputs['cpu-count'],
    gpu_count: inputs['gpu-count'],
    gpu_name: inputs['gpu-name'],
    gpu_registry_uuid: inputs['gpu-registry-uuid'],
    min_vram_gb: inputs['min-vram-gb'],
    min_ram_gb: inputs['min-ram-gb'],
    min_storage_gb: inputs['min-storage-gb'],
    max_node_count: inputs['max-node-count'],
    max_retry_count: inputs['max-retry-count'],
    max_timeout_assign_ms: inputs['max-timeout-assign'],
    max_timeout_start_ms: inputs['max-timeout-start'],
    max_timeout_run_ms: inputs['max-timeout-run'],
    allowed_region_codes: inputs['allowed-region-codes'],
    // A field without an input would not be sent, and nobody would notice.
  } satisfies Record<keyof CookFields, unknown>;
}
