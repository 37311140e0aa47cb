import * as z from 'zod/mini';
import { InputError, type Problem } from '../errors.ts';
import type { Runner } from '../runtime.ts';
import { containerText, environmentLines, secretsOf, type Container } from './container.ts';
import { cookFields, entries, type CookFields, type Entry } from './recipes.ts';
import { checkRules } from './rules.ts';
import {
  apiUrl,
  duration,
  flag,
  line,
  oneOf,
  pollInterval,
  publicKey,
  secretKey,
  text,
  textTo,
  token,
  Unusable,
  uuid,
  whole,
} from './parsers.ts';

/** An input: how its text is read, and the text that stands for an empty one, as in `action.yml`. */
export interface Input<
  S extends z.core.$ZodType = z.core.$ZodType,
  Optional extends boolean = boolean,
> {
  readonly schema: S;
  readonly default: string;
  readonly optional: Optional;
  /** White space at both ends belongs to the value. */
  readonly verbatim?: true;
}

/** An input that always has a value: an empty text is read as the default. */
export function input<S extends z.core.$ZodType>(schema: S, defaultText = ''): Input<S, false> {
  return { schema, default: defaultText, optional: false };
}

/** An input that may be left out: an empty text is undefined. */
export function optional<S extends z.core.$ZodType>(schema: S): Input<S, true> {
  return { schema, default: '', optional: true };
}

const minuteMs = 60_000;

const regionList = z.pipe(
  textTo((given): unknown => {
    const codes = given.split(/[\s,]+/).filter((code) => code !== '');
    return codes.length > 0 ? codes : new Unusable('has no region code in it');
  }),
  cookFields.allowed_region_codes,
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
  'gpu-name': optional(line),
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
  parameters: optional(containerText),
  env: { ...optional(environmentLines), verbatim: true },
  wait: input(flag, 'true'),
  'wait-until': optional(oneOf(['completed', 'running'])),
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

/** What a table of inputs is read into. */
export type Values<Table extends Record<string, Input>> = {
  readonly [Name in keyof Table]: Table[Name] extends Input<infer S, infer Optional>
    ? z.output<S> | (Optional extends true ? undefined : never)
    : never;
};

/** The cook action's inputs, checked. */
export type CookInputs = Values<typeof cookInputs>;

/**
 * Reads the cook action's inputs. Secrets are masked before anything can be printed.
 * @throws InputError with every problem found
 */
export async function readCookInputs(runner: Runner): Promise<CookInputs> {
  const { values, problems } = await readInputs(runner, cookInputs);
  const { recipes = [], parameters } = values;
  const containers = [parameters, ...recipes.map((entry: Entry) => entry.parameters)];
  maskAll(runner, containers.flatMap(secretsIn));
  const related = {
    ...fieldsOf(values),
    recipes,
    wait: values.wait,
    waitUntil: values['wait-until'],
    maxParallel: values['max-parallel'],
  };
  return complete({ values, problems: [...problems, ...checkRules(related)] });
}

const cleanUpInputs = {
  'public-key': cookInputs['public-key'],
  'secret-key': cookInputs['secret-key'],
  'api-url': cookInputs['api-url'],
  'on-workflow-cancel': cookInputs['on-workflow-cancel'],
  'on-job-end': cookInputs['on-job-end'],
};

/** What the post entry needs of the inputs. */
export type CleanUpInputs = Values<typeof cleanUpInputs>;

/**
 * Reads what the post entry needs of the inputs of any of the actions.
 * @throws InputError
 */
export async function readCleanUpInputs(runner: Runner): Promise<CleanUpInputs> {
  return complete(await readInputs(runner, cleanUpInputs));
}

interface Reading<Table extends Record<string, Input>> {
  /** Without those that have a problem. */
  readonly values: Partial<Values<Table>>;
  readonly problems: readonly Problem[];
}

/**
 * The values of a reading that found no problem.
 * @throws InputError with every problem found
 */
export function complete<Table extends Record<string, Input>>(
  reading: Reading<Table>,
): Values<Table> {
  if (reading.problems.length > 0) throw new InputError(reading.problems);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a problem, each has a value
  return reading.values as Values<Table>;
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
  };
}

/** Reads all inputs of a table; masks the secret key first. */
export async function readInputs<Table extends Record<string, Input>>(
  runner: Runner,
  table: Table,
): Promise<Reading<Table>> {
  maskAll(runner, runner.input('secret-key').split(/[\r\n]+/));
  const read = await Promise.all(
    Object.entries(table).map(async ([name, each]) => ({
      name,
      ...(await readInput(runner, name, each)),
    })),
  );
  const values = Object.fromEntries(read.map(({ name, value }) => [name, value]));
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each name has its schema's output
    values: values as Partial<Values<Table>>,
    problems: read.flatMap(({ problems }) => problems),
  };
}

async function readInput(
  runner: Runner,
  name: string,
  { schema, optional: isOptional, ...rest }: Input,
) {
  const given = rest.verbatim ? runner.input(name) : runner.input(name).trim();
  if (given.trim() === '' && isOptional) return { value: undefined, problems: [] };
  const parsed = await z.safeParseAsync(schema, given || rest.default);
  if (parsed.success) return { value: parsed.data, problems: [] };
  return { value: undefined, problems: parsed.error.issues.map((issue) => toProblem(name, issue)) };
}

function toProblem(name: string, { path, message }: z.core.$ZodIssue): Problem {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return { input: name + place.join(''), message };
}

function secretsIn(container: Container | undefined): readonly string[] {
  return container === undefined
    ? []
    : secretsOf(container).flatMap((secret) => secret.split(/[\r\n]+/));
}

// The runner masks each line of a secret by itself: a short one would blank that text everywhere.
const minMaskLength = 6;

function maskAll(runner: Runner, secrets: readonly string[]): void {
  for (const secret of secrets) {
    if (secret.trim().length >= minMaskLength) runner.mask(secret.trim());
  }
}
