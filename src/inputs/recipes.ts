import * as z from 'zod/mini';
import { isUuid } from '../service/schemas.ts';
import { container, environment } from './container.ts';
import {
  describeNonUuid,
  fromText,
  InvalidValue,
  line,
  milliseconds,
  number,
  oneOf,
  orNull,
  quote,
  text,
  uuid,
  whole,
} from './parsers.ts';
import { regionCode } from './regions.ts';
import { mapping, parseYaml, type TextTree } from './yaml.ts';

// What the service accepts.
const maxRegions = 36;

// Each is tried for minutes at least; nobody waits for more of them.
const maxGpuNames = 8;

/** Models of a GPU in order of preference, each once. */
export const gpuNames = z.array(line, 'must be a name or a list of names').check(
  z.minLength(1, 'has no name'),
  z.maxLength(maxGpuNames, `has more than ${maxGpuNames} names`),
  z.check(({ value, issues }) => {
    const plain = value.map((name) => name.trim().toLowerCase());
    const repeated = value.find((_, index) => plain.indexOf(plain[index] ?? '') !== index);
    if (repeated === undefined) return;
    issues.push({ code: 'custom', message: `has ${quote(repeated)} twice`, input: value });
  }),
);

/** One model, several in order of preference, or the API's null. */
const gpuName = z.pipe(
  z.unknown(),
  z.transform(async (given, context): Promise<readonly string[] | string | null> => {
    const parsed = await z.safeParseAsync(Array.isArray(given) ? gpuNames : orNull(line), given);
    if (parsed.success) return parsed.data;
    for (const { message, path } of parsed.error.issues) {
      context.issues.push({ code: 'custom', message, input: given, path });
    }
    return z.NEVER;
  }),
);

/** The fields of a cook but the container: the API's names, with the ranges it documents. */
export const cookFields = {
  title: line,
  description: orNull(text),
  task: oneOf(['BATCH', 'PERSISTENT']),
  cpu_count: number(0),
  gpu_count: number(0),
  gpu_name: gpuName,
  gpu_registry_uuid: orNull(uuid),
  min_vram_gb: number(0),
  min_ram_gb: number(0),
  min_storage_gb: number(0),
  max_node_count: whole(1),
  max_retry_count: whole(0),
  max_timeout_assign_ms: milliseconds(300_000),
  max_timeout_start_ms: milliseconds(120_000),
  max_timeout_run_ms: orNull(milliseconds(60_000)),
  allowed_region_codes: z.pipe(
    z.pipe(
      z.array(regionCode, 'must be a list of region codes'),
      z.transform((codes) => [...new Set(codes)]),
    ),
    z.array(z.string()).check(z.maxLength(maxRegions, `has more than ${maxRegions} regions`)),
  ),
};

/** Overrides of a recipe, the container's apart. */
export type CookFields = {
  readonly [Name in keyof typeof cookFields]?: z.output<(typeof cookFields)[Name]> | undefined;
};

const entry = z.pipe(
  z.pipe(
    z.transform((given: unknown, context) => {
      if (typeof given !== 'string') return given;
      if (isUuid(given)) return { uuid: given };
      context.issues.push({ code: 'custom', message: describeNonUuid(given), input: given });
      return z.NEVER;
    }),
    mapping({ uuid, ...cookFields, parameters: container, env: environment }),
  ),
  z.transform((given, context) => {
    if (given.uuid !== undefined) return { ...given, uuid: given.uuid };
    const message = 'is missing: each entry needs the UUID of its recipe';
    context.issues.push({ code: 'custom', message, input: given, path: ['uuid'] });
    return z.NEVER;
  }),
);

/** One job to cook: the recipe and what this job overrides. */
export type RecipeEntry = Readonly<z.output<typeof entry>>;

// The outputs of one step hold about 1 MB, and each job has its line there.
const maxEntries = 1_000;

/** The input `recipes`: a UUID, several, one a line, or a YAML or JSON list of entries. */
export const entries = z.pipe(
  fromText<unknown>(readList),
  z
    .array(entry)
    .check(
      z.minLength(1, 'is missing: give the UUID of a recipe, or several, one per line'),
      z.maxLength(maxEntries, `has more than ${maxEntries} entries`),
    ),
);

async function readList(given: string): Promise<unknown> {
  if (looksLikeYaml(given)) return asList(await parseYaml(given));
  return given
    .split(/[\r\n]+/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

// A plain list of UUIDs needs no parser; what else starts like YAML is meant as YAML.
function looksLikeYaml(given: string): boolean {
  return /^\s*(?:[-[{#"']|uuid\s*:)/.test(given);
}

function asList(tree: TextTree | InvalidValue): unknown {
  if (tree instanceof InvalidValue || Array.isArray(tree)) return tree;
  return new InvalidValue('must be a list: start each entry with `- `, or put it into [ ]');
}
