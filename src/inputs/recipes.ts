import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { asError } from '../errors.ts';
import type { Runner } from '../runner.ts';
import { container, environment } from './container.ts';
import {
  duration,
  firstLine,
  fromText,
  line,
  number,
  oneOf,
  orNull,
  uuid,
  whole,
} from './parsers.ts';
import { invalid, list, mapping, parseYaml, quote, suggest, type Parse } from './tree.ts';

// Each is tried for minutes at least.
const maxGpuNames = 8;
const listOfNames = list(line, 'must be a name or a list of names', /[\r\n,]+/, maxGpuNames);

/** Models of a GPU in order of preference, each once. */
const gpuNames: Parse<readonly string[]> = (text) => {
  const isYaml = typeof text === 'string' && /^\s*(?:\[|- )/.test(text);
  const given = listOfNames(isYaml ? parseYaml(text) : text);
  const names = new Map(given.map((name) => [name.toLowerCase(), name]));
  if (names.size === 0) throw invalid('has no name');
  return [...names.values()];
};

// Those in the vendor's documentation, to suggest from: the service may have others.
const knownRegions = `
  ca-central-1 ca-west-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
  eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3
  ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
  ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6
  ap-southeast-7 cn-north-1 cn-northwest-1 af-south-1 il-central-1 me-central-1 me-south-1
`
  .trim()
  .split(/\s+/);

export const regionCode = fromText((given) => {
  const code = given.toLowerCase();
  if (code.length <= 40 && /^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(code)) return code;
  const hint = suggest(code, knownRegions) || '; use a code such as eu-west-1 or us-east-2';
  throw invalid(`${quote(given)} is not a region code${hint}`);
});

/** Warns of regions that are sent though they are not known here: they may be misspelled. */
export function warnOfUnknownRegions(runner: Runner, cooks: readonly CookFields[]): void {
  const codes = new Set(cooks.flatMap((cook) => cook.allowed_region_codes ?? []));
  const unknown = [...codes].filter((code) => !knownRegions.includes(code));
  if (unknown.length === 0) return;
  const listed = unknown.map((code) => `${code}${suggest(code, knownRegions)}`).join('\n');
  runner.annotate(
    'warning',
    'Unknown region codes',
    `This version of the action does not know these values of allowed-region-codes, and sends them unchanged:\n${listed}`,
  );
}

// What the service accepts.
const maxRegions = 36;
const listOfRegions = list(regionCode, 'must be a list of region codes', /[\s,]+/, maxRegions);

const regionCodes: Parse<readonly string[]> = (given) => {
  const codes = [...new Set(listOfRegions(given))];
  if (typeof given === 'string' && codes.length === 0) throw invalid('contains no region code');
  return codes;
};

/**
 * The fields of a cook but the container, by the API's names, with the ranges it documents. Each has
 * an input, and may be set in an entry of `recipes`.
 */
export const cookFields = {
  title: firstLine,
  description: orNull(fromText((given) => given)),
  task: oneOf(['BATCH', 'PERSISTENT']),
  cpu_count: number,
  gpu_count: number,
  gpu_name: orNull(gpuNames),
  gpu_registry_uuid: orNull(uuid),
  min_vram_gb: number,
  min_ram_gb: number,
  min_storage_gb: number,
  max_node_count: whole(1),
  max_retry_count: whole(0),
  max_timeout_assign_ms: duration(300_000),
  max_timeout_start_ms: duration(120_000),
  max_timeout_run_ms: orNull(duration(60_000)),
  allowed_region_codes: regionCodes,
};

/** The name of the input for a field: `max-timeout-run` for `max_timeout_run_ms`. */
export function inputName(field: string): string {
  return field.replace(/_ms$/, '').replaceAll('_', '-');
}

/** A recipe, and the hash of what was reviewed of it: `UUID@sha256:<64 hex>`. */
const recipeRef: Parse<{ readonly uuid: string; readonly pin?: string }> = (given) => {
  const ref = typeof given === 'string' ? given.trim() : '';
  const at = ref.indexOf('@');
  if (at < 0) return { uuid: uuid(given) };
  const pin = ref.slice(at + 1).toLowerCase();
  if (/^sha256:[0-9a-f]{64}$/.test(pin)) return { uuid: uuid(ref.slice(0, at)), pin };
  throw invalid(
    'has an invalid hash after @: use sha256: and 64 hexadecimal digits, as printed in the log',
  );
};

/** A limit by the API's own name is milliseconds, as the service has it. */
function milliseconds(minMs: number): Parse<number> {
  const hint =
    ' milliseconds; to use a duration such as 2h, use the name of the input, such as max-timeout-run';
  return whole(minMs, undefined, hint);
}

const entryFields = mapping(
  {
    uuid: recipeRef,
    ...cookFields,
    max_timeout_assign_ms: milliseconds(300_000),
    max_timeout_start_ms: milliseconds(120_000),
    max_timeout_run_ms: orNull(milliseconds(60_000)),
    parameters: container,
    env: environment,
  },
  Object.entries(cookFields).map(([field, parse]) => [inputName(field), field, parse]),
);

type EntryFields = ReturnType<typeof entryFields>;

/** One job to cook: the recipe and what this job overrides. */
export interface RecipeEntry extends Omit<EntryFields, 'uuid'> {
  readonly uuid: string;
  /** The hash that its payload must have: `sha256:<64 hex>`; any where there is none. */
  readonly pin?: string;
}

export type CookFields = Omit<EntryFields, 'uuid' | 'parameters' | 'env'>;

/** Lays the fields of an entry on those of the inputs. */
export function mergeFields(
  inputs: CookFields,
  { uuid: _, pin, parameters, env, ...entry }: Partial<RecipeEntry>,
): CookFields {
  // The service takes one of the two; the entry takes precedence.
  const { gpu_name: _name, gpu_registry_uuid: _uuid, ...others } = inputs;
  return { ...((entry.gpu_name ?? entry.gpu_registry_uuid) ? others : inputs), ...entry };
}

// The outputs of one step hold about 1 MB, and each job has its line there.
const maxEntries = 1_000;
const listOfEntries = list(
  (given): RecipeEntry => {
    if (typeof given === 'string') return recipeRef(given);
    const { uuid: ref, ...fields } = entryFields(given);
    if (ref !== undefined) return { ...fields, ...ref };
    throw invalid('is missing: each entry needs the UUID of its recipe', '.uuid');
  },
  'must be a list: start each entry with `- `, or put the entries in [ ]',
  /[\r\n]+/,
  maxEntries,
);

export const recipesForm = 'use the UUID of a recipe, or several UUIDs, one per line';

/** Reads what to cook from a text of UUIDs, one per line, or a YAML or JSON list of entries. */
export function readRecipes(given: string): readonly RecipeEntry[] {
  // A plain list of UUIDs needs no parser; what else starts like YAML is meant as YAML.
  const isYaml = /^\s*(?:[-[{#"']|uuid\s*:)/.test(given);
  const entries = listOfEntries(isYaml ? parseYaml(given) : given);
  if (entries.length > 0) return entries;
  throw invalid(`has no entry: ${recipesForm}`);
}

/** Reads the same from a file, whose path may be relative to the workspace. */
export function readRecipesFile(given: string, { env }: Runner): readonly RecipeEntry[] {
  let content = '';
  try {
    content = readFileSync(resolve(env['GITHUB_WORKSPACE'] ?? '', given.trim()), 'utf8');
  } catch (error) {
    const reason = asError(error).message;
    throw invalid(`cannot be read (${reason}): use a path relative to the workspace`);
  }
  return readRecipes(content.replace(/^\uFEFF/, ''));
}
