import type { Problem } from '../errors.ts';
import { shareProblems, type Ceilings } from '../money/ceilings.ts';
import { isMapping, type JsonMapping } from '../service/json.ts';
import type { Values } from './read.ts';
import { inputName, mergeFields, type CookFields, type RecipeEntry } from './recipes.ts';
import type { cookInputs } from './tables.ts';

type GivenInputs = Partial<Values<typeof cookInputs>>;

/** The inputs that matter for a job, also once its recipe is known. */
export type JobInputs = Pick<
  GivenInputs,
  'wait' | 'wait-until' | 'max-parallel' | 'ready-check' | 'ssh'
>;

/** The inputs that these rules look at; those that have a problem of their own are missing. */
export interface RelatedInputs extends GivenInputs {
  readonly fields: CookFields;
  readonly ceilings: Ceilings;
}

type Rule = readonly [isBroken: boolean, input: string, message: string];

function brokenOf(rules: readonly Rule[]): readonly Problem[] {
  return rules.flatMap(([isBroken, input, message]) => (isBroken ? [{ input, message }] : []));
}

/** What is wrong between inputs that are each valid, also in each entry of `recipes`. */
export function checkRules(inputs: RelatedInputs): readonly Problem[] {
  const { fields, recipes = [] } = inputs;
  const list = inputs['recipes-file'] === undefined ? 'recipes' : 'recipes-file';
  const entries: readonly Partial<RecipeEntry>[] = recipes.length > 0 ? recipes : [{}];
  const jobProblems = entries.flatMap((entry, index) => {
    const own = new Set(Object.keys(entry));
    if (own.has('task')) own.add('max_timeout_run_ms');
    const problems = brokenOf(jobRules(mergeFields(fields, entry), inputs));
    return problems.map(({ input, message }) => {
      const place = own.has(input) ? `${list}[${index}].${input}` : inputName(input);
      return { input: place, message };
    });
  });
  // What is wrong in the inputs is wrong in each entry.
  const distinct = new Map(jobProblems.map((problem) => [JSON.stringify(problem), problem]));
  return [...distinct.values(), ...brokenOf(stepRules(inputs)), ...checkShare(inputs)];
}

// The retries of a recipe are known only once it is read.
function checkShare({ recipes = [], fields, ceilings }: RelatedInputs): readonly Problem[] {
  const batches = recipes.filter((entry) => (entry.task ?? fields.task) !== 'PERSISTENT');
  if (batches.length === 0) return [];
  const retries = batches.map((entry) => entry.max_retry_count ?? fields.max_retry_count ?? 0);
  return shareProblems(ceilings, recipes.length, Math.max(...retries));
}

const texts = {
  noWait: 'cannot be used with `wait: false`',
  unwatched: 'needs max-hourly-rate with `wait: false`, because no step watches what the jobs cost',
  notReady: 'is required with `wait-until: ready`: set a port and a path, such as 8080/health',
  notForBatch: 'is for `task: PERSISTENT`; for `task: BATCH`, also set `wait-until: ready`',
  counting: 'cannot be used with max-parallel, which counts unfinished jobs',
  bothGpus:
    'cannot be used with gpu-registry-uuid: set only one of them; in an entry, null removes the other',
  unbounded: 'cannot be used with `task: PERSISTENT`, which runs until the job is canceled',
  bounded:
    'cannot be set with `task: PERSISTENT`, which runs until the job is canceled; in an entry, null removes it',
  noLimit: 'is required for `task: BATCH`: set a duration, such as 2h',
  sshWaits:
    'cannot be used with `wait: false`, or with a wait-until other than ready: the step waits until it can log in',
  sshPort:
    'needs port 22, which is not among the ports of the recipe: set ports in parameters, including 22',
};

function stepRules(inputs: RelatedInputs): readonly Rule[] {
  const { fields, ceilings, recipes = [], wait = true, ssh = false, 'wait-until': goal } = inputs;
  const isLimited = (inputs['max-parallel'] ?? 0) > 0;
  const isProbed = inputs['ready-check'] !== undefined;
  const isAlone = ceilings.maxCostUsd !== null && ceilings.maxHourlyRateUsd === null;
  const entries = recipes.length > 0 ? recipes : [fields];
  const sendsKey = [inputs, ...recipes].some(({ parameters }) => parameters?.sshkey !== undefined);
  const isBatch = entries.every((entry) => (entry.task ?? fields.task) === 'BATCH');
  const isOther = (word: string) => goal !== undefined && goal !== word;
  const otherGoal = `cannot be used with \`wait-until: ${goal}\``;
  return [
    [!wait && goal !== undefined, 'wait-until', texts.noWait],
    [!wait && isLimited, 'max-parallel', texts.noWait],
    [!wait && inputs['fail-fast'] === true, 'fail-fast', texts.noWait],
    [!wait && isProbed, 'ready-check', texts.noWait],
    [!wait && isAlone, 'max-cost', texts.unwatched],
    [wait && isLimited && isOther('completed'), 'max-parallel', otherGoal],
    [!isProbed && !ssh && goal === 'ready', 'ready-check', texts.notReady],
    [wait && isProbed && isOther('ready'), 'ready-check', otherGoal],
    [isProbed && goal === undefined && isBatch, 'ready-check', texts.notForBatch],
    [isProbed && goal === undefined && isLimited, 'ready-check', texts.counting],
    [ssh && (!wait || isOther('ready')), 'ssh', texts.sshWaits],
    [ssh && isLimited, 'ssh', texts.counting],
    [ssh && sendsKey, 'ssh', 'creates its own key: remove sshkey from parameters'],
    [!ssh && inputs['ssh-user'] !== undefined, 'ssh-user', 'is only used with `ssh: true`'],
  ];
}

/** Rules for one job, by what is known of its fields; each names a field or an input. */
function jobRules(job: JsonMapping, inputs: JobInputs): readonly Rule[] {
  const { task, max_timeout_run_ms: runLimit, gpu_name: name, gpu_registry_uuid: uuid } = job;
  const { wait = true, 'wait-until': goal, 'max-parallel': maxParallel = 0 } = inputs;
  const isServer = task === 'PERSISTENT';
  const isCounted = wait && goal === undefined && maxParallel > 0;
  const check = isServer || goal === 'ready' ? inputs['ready-check'] : undefined;
  const noPort = `checks port ${check?.port}, which is not among the ports of the job: add it to ports in parameters`;
  return [
    [Boolean(name && uuid), 'gpu_name', texts.bothGpus],
    [isServer && typeof runLimit === 'number', 'max_timeout_run_ms', texts.bounded],
    [task === 'BATCH' && runLimit === null, 'max_timeout_run_ms', texts.noLimit],
    [isServer && isCounted, 'max-parallel', texts.unbounded],
    [check !== undefined && lacksPort(job, check.port), 'ready-check', noPort],
    [inputs.ssh === true && lacksPort(job, 22), 'ssh', texts.sshPort],
  ];
}

/** What is wrong with a cook as a whole, the recipe's fields included. */
export function checkWhole(cook: JsonMapping, inputs: JobInputs): readonly Problem[] {
  const problems = brokenOf(jobRules({ max_timeout_run_ms: null, ...cook }, inputs));
  return problems.map((problem) => ({ ...problem, input: inputName(problem.input) }));
}

function lacksPort({ parameters }: JsonMapping, port: number): boolean {
  const container = isMapping(parameters) ? parameters['parameters'] : null;
  const ports = isMapping(container) ? container['ports'] : null;
  return Array.isArray(ports) && ports.length > 0 && !ports.map(Number).includes(port);
}
