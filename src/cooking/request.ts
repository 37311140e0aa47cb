import { createHash } from 'node:crypto';
import type { CookBody } from '../service/endpoints.ts';
import { isList, isMapping, type Json, type JsonMapping } from '../service/json.ts';
import { hideSecrets } from '../service/redactor.ts';
import type { Recipe } from '../service/schemas.ts';
import { canonicalJson } from '../service/sign.ts';
import { InputError } from '../errors.ts';
import { mergeFields, type CookFields, type RecipeEntry } from '../inputs/recipes.ts';
import type { CookInputs } from '../inputs/cook.ts';
import { runUrl, type RunRef, type StepIdentity } from '../inputs/context.ts';
import { describeWithMark } from '../custody/mark.ts';
import type { JobRef } from '../jobs/records.ts';

/** What is sent for one entry of `recipes`. */
export interface CookRequest extends JobRef {
  readonly recipeUuid: string;
  /** The hash that the recipe must have; null: any. */
  readonly pin: string | null;
  /** Marks the job as cooked by this entry of this step, at the end of its description. */
  readonly mark: string;
  /** The mark without its nonce for each earlier attempt of the workflow run, the latest first. */
  readonly earlierHashes: readonly string[];
  /** The GPU model that is asked for, where the entry names any. */
  readonly gpuName: string | null;
  /** The same entry with its other models, in order of preference. */
  readonly alternatives: readonly CookRequest[];
  /** The cook fields to send, description and mark included; the container's apart. */
  readonly fields: CookBody;
  /** What is laid on the recipe's container parameters; null where nothing is. */
  readonly container: JsonMapping | null;
}

/**
 * What to cook, one request an entry of `recipes`. Pure.
 * @param nonce sets this step apart from those with the same environment
 * @param run for the mark: which workflow run cooks; null outside of GitHub
 * @param sshKey a public key that the container is to let in; null for none
 */
export function createRequests(
  inputs: CookInputs,
  step: StepIdentity,
  nonce: string,
  run: RunRef | null = null,
  sshKey: string | null = null,
): readonly CookRequest[] {
  const last = step.runAttempt - 1;
  const attemptsBefore = Array.from({ length: last }, (_, back) => last - back);
  return inputs.recipes.map((entry, index) => {
    const { gpu_name: gpuNames, description, ...others } = getFields(inputs, entry);
    const container = withSshKey(mergeContainers(inputs, entry), sshKey);
    // A presigned URL, or a login that was made for this attempt, differs in each.
    const shown = hideSecrets({ parameters: { parameters: container } });
    const createTry = (gpuName?: string | null): CookRequest => {
      const fields = { ...others, ...(gpuName !== undefined && { gpu_name: gpuName }) };
      const hashOfAttempt = (runAttempt: number) =>
        hashEntry(step, runAttempt, [index, entry.uuid, description, fields, shown]);
      const mark = `${hashOfAttempt(step.runAttempt)}-${nonce}`;
      const text = describeWithMark(description || describe(run), mark, inputs, run);
      return {
        index,
        recipeUuid: entry.uuid,
        pin: entry.pin ?? null,
        jobUuid: null,
        title: fields.title ?? null,
        mark,
        // The key of an earlier attempt is gone.
        earlierHashes: sshKey === null ? attemptsBefore.map(hashOfAttempt) : [],
        gpuName: gpuName ?? null,
        alternatives: [],
        fields: { ...fields, description: text },
        container,
      };
    };
    const [first, ...alternatives] = (gpuNames ?? [gpuNames]).map((name) => createTry(name));
    return { ...(first ?? createTry()), alternatives };
  });
}

function getFields(inputs: CookInputs, entry: RecipeEntry): CookFields {
  const fields = mergeFields(inputs.fields, entry);
  // The service wants null here, whatever the recipe says.
  return fields.task === 'PERSISTENT' ? { ...fields, max_timeout_run_ms: null } : fields;
}

/** What a recipe is pinned by: `sha256:` and the hash of its payload; null where that is hidden. */
export function hashOfRecipe({ payload }: Recipe): string | null {
  if (payload === null) return null;
  return `sha256:${createHash('sha256').update(canonicalJson(payload)).digest('hex')}`;
}

/**
 * The exact body of a cook. Whether the service merges `parameters` is documented nowhere, so what
 * is laid on the recipe's is sent whole: right either way.
 * @param recipe as the service has it; needed where the request lays something on its container
 * @throws InputError where the service hides a part of the recipe's container that would be sent
 */
export function bodyOf({ fields, container, pin }: CookRequest, recipe: Recipe | null): CookBody {
  const { parameters: stored, ...payload } = recipe?.payload ?? {};
  const storedContainer = isMapping(stored) ? stored['parameters'] : undefined;
  // Of a pinned recipe all is sent, so that a change from now on does not matter.
  const sent = pin === null ? fields : { ...withoutNulls(payload), ...fields };
  if (container === null && (pin === null || !isMapping(storedContainer))) return sent;
  const parameters = merge(isMapping(storedContainer) ? storedContainer : {}, container ?? {});
  refuseHidden(parameters, container ?? {});
  return { ...sent, parameters: { type: 'docker', parameters } };
}

const nullable = new Set(['description', 'gpu_name', 'gpu_registry_uuid', 'max_timeout_run_ms']);

function withoutNulls(payload: JsonMapping): JsonMapping {
  const own = Object.entries(payload).filter(([key, value]) => value !== null || nullable.has(key));
  return Object.fromEntries(own);
}

/** What the workflow shows of a request by itself: all of it but secrets and the environment. */
export function publicTextOf({ recipeUuid, fields, container }: CookRequest): string {
  const body = { ...fields, parameters: { parameters: container } };
  return `${recipeUuid} ${JSON.stringify(hideSecrets(body))}`;
}

// A service may show a secret of the recipe as stars. Sent back, they would take its place.
function refuseHidden(parameters: JsonMapping, own: JsonMapping): void {
  const stars = JSON.stringify(parameters).matchAll(/"([^"]*)":"\*{3,}"/g);
  const hidden = [...stars].filter(([member]) => !JSON.stringify(own).includes(member));
  const message =
    'is a secret that the service does not show, so the action cannot send it with the other parameters: set it in the inputs as well';
  const problems = hidden.map(([, name]) => ({ input: `parameters (${name})`, message }));
  if (problems.length > 0) throw new InputError(problems);
}

/** Lays one mapping on another: mappings merge key by key, lists and scalars replace. */
export function merge(under: JsonMapping, over: JsonMapping): JsonMapping {
  // Built from entries: a key such as `__proto__` is data.
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    merged.set(key, isMapping(below) && isMapping(value) ? merge(below, value) : value);
  }
  return Object.fromEntries(merged);
}

function mergeContainers(inputs: CookInputs, entry: RecipeEntry): JsonMapping | null {
  const layers: readonly (JsonMapping | undefined)[] = [
    inputs.parameters,
    inputs.env && { env: inputs.env },
    entry.parameters,
    entry.env && { env: entry.env },
  ];
  const given = layers.filter((layer) => layer !== undefined);
  return given.length === 0 ? null : given.reduce(merge, {});
}

// The list `ports` replaces that of the image, and a login needs port 22.
function withSshKey(container: JsonMapping | null, sshKey: string | null): JsonMapping | null {
  if (sshKey === null) return container;
  const ports: Json = container?.['ports'] ?? null;
  const isLacking = isList(ports) && !ports.includes(22);
  return { ...container, sshkey: sshKey, ...(isLacking && { ports: [...ports, 22] }) };
}

// All that sets an entry apart and that a later attempt of the workflow run can work out again.
function hashEntry(step: StepIdentity, runAttempt: number, entry: readonly (Json | undefined)[]) {
  const { repository, runId, workflow, job, matrixIndex } = step;
  const identity = [repository, runId, runAttempt, workflow, job, matrixIndex, step.step];
  const text = canonicalJson([...identity, ...entry.map((each) => each ?? null)]);
  return `cook-${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

function describe(run: RunRef | null): string {
  if (run === null) return 'Cooked outside of GitHub Actions';
  const { repository, workflow, runId } = run;
  return `Cooked by ${repository}, workflow "${workflow}", run ${runId}: ${runUrl(run)}`;
}
