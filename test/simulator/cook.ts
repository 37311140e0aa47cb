import { listOf, mapOf, number, oneOf, orNull, rule, shape, text } from './checks.ts';
import type { Check } from './checks.ts';
import { invalid } from './refusal.ts';
import { regionCodes } from './regions.ts';
import type { ContainerParameters, CookFields, Volume } from './resources.ts';
import type { Generation } from './types.ts';
import { uuid } from './uuids.ts';

const port = rule(
  'a port, 1 to 65535',
  (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535,
);

const volume: Record<keyof Volume, Check> = {
  image: text,
  mount: text,
  registry: text,
  secret: text,
  tag: text,
  user: text,
};

const container: Record<keyof ContainerParameters, Check> = {
  image: text,
  tag: text,
  imagesrc: text,
  host: text,
  user: text,
  secret: text,
  env: mapOf(text),
  ports: listOf(port),
  volumes: listOf(shape(volume)),
  sshkey: text,
  allowed_ips: (value, field) => (typeof value === 'string' ? [] : listOf(text)(value, field)),
};

/** The fields of a cook and their ranges, as they are documented. */
const fields: Record<keyof CookFields, Check> = {
  title: text,
  description: orNull(text),
  task: oneOf(['BATCH', 'PERSISTENT']),
  cpu_count: number(0),
  gpu_count: number(0),
  min_vram_gb: number(0),
  min_ram_gb: number(0),
  min_storage_gb: number(0),
  gpu_name: orNull(text),
  gpu_registry_uuid: orNull(uuid),
  max_node_count: number(),
  max_retry_count: number(0),
  max_timeout_assign_ms: number(300_000),
  max_timeout_start_ms: number(120_000),
  max_timeout_run_ms: orNull(number(60_000)),
  parameters: shape({ type: oneOf(['docker']), parameters: shape(container) }, [
    'type',
    'parameters',
  ]),
  allowed_region_codes: listOf(oneOf(regionCodes), regionCodes.length),
};

const { allowed_region_codes: _newOnly, ...oldFields } = fields;

const bodyChecks: Record<Generation, Check> = { new: shape(fields), old: shape(oldFields) };

/**
 * The fields of the job that a cook makes: those of `base`, overridden by those of `body`.
 * `parameters` replaces the recipe's as a whole. A body that is missing overrides nothing.
 */
export function cookedFields(base: CookFields, body: unknown, generation: Generation): CookFields {
  const overrides = body ?? {};
  assertCookFields(overrides, generation);
  const merged = { ...base, ...overrides };
  assertCookFields(merged, generation);
  refuseIf(problemsTogether(merged));
  return merged;
}

function assertCookFields(body: unknown, generation: Generation): asserts body is CookFields {
  refuseIf(bodyChecks[generation](body, ''));
}

/** The rules that span fields. */
function problemsTogether(job: CookFields): string[] {
  const timeout = job.max_timeout_run_ms ?? null;
  const isBatch = job.task !== 'PERSISTENT';
  const rules: readonly [broken: boolean, problem: string][] = [
    [job.title === undefined, 'title: is needed'],
    [Boolean(job.gpu_name && job.gpu_registry_uuid), 'gpu_name: not with gpu_registry_uuid'],
    [isBatch && timeout === null, 'max_timeout_run_ms: is needed for BATCH'],
    [!isBatch && timeout !== null, 'max_timeout_run_ms: must be null for PERSISTENT'],
    [!job.parameters?.parameters.image, 'parameters.parameters.image: is needed'],
  ];
  return rules.filter(([broken]) => broken).map(([, problem]) => problem);
}

function refuseIf(problems: readonly string[]): void {
  if (problems.length > 0) throw invalid(problems);
}

/** Checks the body of a cancel and gives its reason. */
export function cancelReason(body: unknown): string {
  assertCancel(body);
  return body.reason;
}

function assertCancel(body: unknown): asserts body is { reason: string } {
  refuseIf(shape({ reason: text }, ['reason'])(body, ''));
}
