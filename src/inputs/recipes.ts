import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asError, InputError } from '../errors.ts';
import type { Runner } from '../runner.ts';
import { container, environment } from './container.ts';
import {
  duration,
  firstLine,
  line,
  number,
  oneOf,
  orNull,
  text,
  textThat,
  uuid,
  whole,
  wholeIn,
} from './parsers.ts';
import { regionCode } from './regions.ts';
import { invalid, list, mapping, quote, type Parse, type TextTree } from './tree.ts';
import { maxText, parseYaml } from './yaml.ts';

// Each is tried for minutes at least; nobody waits for more of them.
const maxGpuNames = 8;
const listOfNames = list(line, 'must be a name or a list of names', /[\r\n,]+/);

/** Models of a GPU in order of preference, each once. */
const gpuNames: Parse<readonly string[]> = (given, name) => {
  const names = listOfNames(given, name);
  if (names.length === 0) throw invalid('has no name');
  if (names.length > maxGpuNames) throw invalid(`has more than ${maxGpuNames} names`);
  const plain = names.map((model) => model.trim().toLowerCase());
  const repeated = names.find((_, index) => plain.indexOf(plain[index] ?? '') !== index);
  if (repeated !== undefined) throw invalid(`has ${quote(repeated)} twice`);
  return names;
};

// What the service accepts.
const maxRegions = 36;
const listOfRegions = list(regionCode, 'must be a list of region codes', /[\s,]+/);

const regionCodes: Parse<readonly string[]> = (given, name) => {
  const codes = [...new Set(listOfRegions(given, name))];
  if (typeof given === 'string' && codes.length === 0) throw invalid('contains no region code');
  if (codes.length > maxRegions) throw invalid(`has more than ${maxRegions} regions`);
  return codes;
};

/** A limit of the service's: milliseconds in the API's own name, a duration in that of the input. */
function limit(minMs: number): Parse<number> {
  const form = `is not a whole number of milliseconds of ${minMs} or more`;
  const hint = 'a duration such as 2h goes with the name of the input, such as max-timeout-run';
  const milliseconds = textThat(`${form}; ${hint}`, (given) => wholeIn(given, minMs));
  return (given, name) => (name.endsWith('_ms') ? milliseconds : duration(minMs))(given, name);
}

/**
 * The fields of a cook but the container: the API's names, with the ranges it documents. Each has an
 * input, and may be set in an entry of `recipes`.
 */
export const cookFields = {
  title: firstLine,
  description: orNull(text),
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
  max_timeout_assign_ms: limit(300_000),
  max_timeout_start_ms: limit(120_000),
  max_timeout_run_ms: orNull(limit(60_000)),
  allowed_region_codes: regionCodes,
};

/** The name of the input for a field: `max-timeout-run` for `max_timeout_run_ms`. */
export function inputName(field: string): string {
  return field.replace(/_ms$/, '').replaceAll('_', '-');
}

/** The field behind each input. */
export const fieldNames: ReadonlyMap<string, string> = new Map(
  Object.keys(cookFields).map((field) => [inputName(field), field]),
);

/** A recipe, and the hash of what was reviewed of it: `UUID@sha256:<64 hex>`. */
const recipeRef: Parse<{ readonly uuid: string; readonly pin?: string }> = (given, name) => {
  const ref = typeof given === 'string' ? given.trim() : '';
  const at = ref.indexOf('@');
  if (at < 0) return { uuid: uuid(given, name) };
  const pin = ref.slice(at + 1).toLowerCase();
  if (/^sha256:[0-9a-f]{64}$/.test(pin)) return { uuid: uuid(ref.slice(0, at), name), pin };
  throw invalid('has a hash after @ that is not sha256: and 64 hex digits, as the log prints it');
};

const entryFields = mapping(
  { uuid: recipeRef, ...cookFields, parameters: container, env: environment },
  fieldNames,
);

/** One job to cook: the recipe and what this job overrides. */
export interface RecipeEntry extends CookFields, Pick<EntryFields, 'parameters' | 'env'> {
  readonly uuid: string;
  /** The hash that its payload must have: `sha256:<64 hex>`; any where there is none. */
  readonly pin?: string;
}

type EntryFields = ReturnType<typeof entryFields>;

/** Overrides of a recipe, the container's apart. */
export type CookFields = Omit<EntryFields, 'uuid' | 'parameters' | 'env'>;

/** Lays the fields of an entry on those of the inputs. */
export function mergeFields(
  inputs: CookFields,
  { uuid: _, pin, parameters, env, ...entry }: Partial<RecipeEntry>,
): CookFields {
  // The service takes one of the two; the entry's word goes before the inputs'.
  const { gpu_name: _name, gpu_registry_uuid: _uuid, ...others } = inputs;
  return { ...((entry.gpu_name ?? entry.gpu_registry_uuid) ? others : inputs), ...entry };
}

const entry: Parse<RecipeEntry> = (given, name) => {
  if (typeof given === 'string') return recipeRef(given, name);
  const { uuid: ref, ...fields } = entryFields(given, name);
  if (ref !== undefined) return { ...fields, ...ref };
  const message = 'is missing: each entry needs the UUID of its recipe';
  throw new InputError([{ input: '.uuid', message }]);
};

// The outputs of one step hold about 1 MB, and each job has its line there.
const maxEntries = 1_000;
const listOfEntries = list(
  entry,
  'must be a list: start each entry with `- `, or put it into [ ]',
  /[\r\n]+/,
);

/** What is accepted, for a message. */
export const recipesForm = 'give the UUID of a recipe, or several, one per line';

/** What to cook, from what {@link readRecipeList} gives. */
export const recipeEntries: Parse<readonly RecipeEntry[]> = (given, name) => {
  const entries = listOfEntries(given, name);
  if (entries.length > maxEntries) throw invalid(`has more than ${maxEntries} entries`);
  if (entries.length > 0) return entries;
  throw invalid(`has no entry: ${recipesForm}`);
};

/** Reads a text of UUIDs, one per line, or a YAML or JSON list of entries. */
export async function readRecipeList(given: string): Promise<TextTree> {
  // A plain list of UUIDs needs no parser; what else starts like YAML is meant as YAML.
  return /^\s*(?:[-[{#"']|uuid\s*:)/.test(given) ? parseYaml(given) : given;
}

/** Reads the same from a file, whose path may be relative to the workspace. */
export async function readRecipeFile(given: string, { env }: Runner): Promise<TextTree> {
  const path = resolve(env['GITHUB_WORKSPACE'] ?? '', given.trim());
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    const reason = asError(error).message;
    throw invalid(`cannot be read (${reason}): give a path relative to the workspace`);
  });
  if (content.length > maxText) throw invalid(`is longer than ${maxText} characters`);
  return readRecipeList(content.replace(/^\uFEFF/, ''));
}
