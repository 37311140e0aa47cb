import { isMapping } from '../service/json.ts';
import type { Problem } from '../errors.ts';
import type { ReadyCheck } from '../jobs/ready-check.ts';
import { shareProblems, type Ceilings } from '../money/ceilings.ts';
import type { JsonMapping } from '../service/json.ts';
import { inputName, mergeFields, type CookFields, type RecipeEntry } from './recipes.ts';

/** The inputs that these rules look at; those that have a problem of their own are missing. */
export interface RelatedInputs {
  readonly fields: CookFields;
  readonly ceilings: Ceilings;
  /** From one of the two inputs. */
  readonly recipes?: readonly RecipeEntry[] | undefined;
  readonly 'recipes-file'?: readonly RecipeEntry[] | undefined;
  readonly wait?: boolean | undefined;
  readonly 'wait-until'?: string | undefined;
  readonly 'ready-check'?: ReadyCheck | undefined;
  readonly 'max-parallel'?: number | undefined;
  readonly 'fail-fast'?: boolean | undefined;
  readonly ssh?: boolean | undefined;
  readonly 'ssh-user'?: string | undefined;
  /** Whether a container is given a key. */
  readonly sendsKey?: boolean | undefined;
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
    return brokenOf(jobRules(mergeFields(fields, entry), inputs)).map((problem) => {
      const place = own.has(problem.input) ? `${list}[${index}].${problem.input}` : null;
      return { ...problem, input: place ?? inputName(problem.input) };
    });
  });
  // What is wrong in the inputs is wrong in each entry.
  const each = new Map(jobProblems.map((problem) => [JSON.stringify(problem), problem])).values();
  const rules = [...waitRules(inputs), ...sshRules(inputs)];
  return [...each, ...brokenOf(rules), ...checkShare(inputs)];
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
  unwatched: 'needs max-hourly-rate with `wait: false`, since nobody watches what the jobs cost',
  notReady: 'is needed with `wait-until: ready`: a port and a path, such as 8080/health',
  notForBatch: 'is for task PERSISTENT; for BATCH add `wait-until: ready`',
  counting: 'cannot be used with max-parallel, which counts the jobs that have not completed',
  bothGpus:
    'cannot be used together with gpu-registry-uuid: choose one; in an entry, null takes one away',
  unbounded: 'cannot be used with task PERSISTENT, which runs until it is cancelled',
  bounded:
    'cannot be set for task PERSISTENT, which runs until it is cancelled; null takes it away',
  sshWaits:
    'waits until a login works: it cannot be used with `wait: false`, nor with another wait-until than ready',
  noSshPort: 'needs port 22, which is not among the ports of the recipe: set ports, 22 included',
  noLimit: 'is required for a BATCH job: set a duration such as 2h',
};

function waitRules(inputs: RelatedInputs): readonly Rule[] {
  const { fields, ceilings, recipes = [], wait = true, 'wait-until': goal } = inputs;
  const isLimited = (inputs['max-parallel'] ?? 0) > 0;
  const isProbed = inputs['ready-check'] !== undefined;
  const isAlone = ceilings.maxCostUsd !== null && ceilings.maxHourlyRateUsd === null;
  const entries = recipes.length > 0 ? recipes : [fields];
  const isBatch = entries.every((entry) => (entry.task ?? fields.task) === 'BATCH');
  const isOther = (word: string) => wait && goal !== undefined && goal !== word;
  const otherGoal = `cannot be used with \`wait-until: ${goal}\``;
  return [
    [!wait && goal !== undefined, 'wait-until', texts.noWait],
    [!wait && isLimited, 'max-parallel', texts.noWait],
    [!wait && inputs['fail-fast'] === true, 'fail-fast', texts.noWait],
    [!wait && isProbed, 'ready-check', texts.noWait],
    [!wait && isAlone, 'max-cost', texts.unwatched],
    [isLimited && isOther('completed'), 'max-parallel', otherGoal],
    [!isProbed && inputs.ssh !== true && goal === 'ready', 'ready-check', texts.notReady],
    [isProbed && isOther('ready'), 'ready-check', otherGoal],
    [isProbed && goal === undefined && isBatch, 'ready-check', texts.notForBatch],
    [isProbed && goal === undefined && isLimited, 'ready-check', texts.counting],
  ];
}

function sshRules(inputs: RelatedInputs): readonly Rule[] {
  const { ssh = false, wait = true, 'wait-until': goal = 'ready', sendsKey = false } = inputs;
  return [
    [ssh && (!wait || goal !== 'ready'), 'ssh', texts.sshWaits],
    [ssh && (inputs['max-parallel'] ?? 0) > 0, 'ssh', texts.counting],
    [ssh && sendsKey, 'ssh', 'sends a key of its own: remove sshkey from parameters'],
    [!ssh && inputs['ssh-user'] !== undefined, 'ssh-user', 'is only used with `ssh: true`'],
  ];
}

/** The inputs that matter for a job, also once its recipe is known. */
export type JobInputs = Pick<
  RelatedInputs,
  'wait' | 'wait-until' | 'max-parallel' | 'ready-check' | 'ssh'
>;

/** Rules for one job, by what is known of its fields; each names a field or an input. */
function jobRules(job: JsonMapping, inputs: JobInputs): readonly Rule[] {
  const { task, max_timeout_run_ms: runLimit, gpu_name: name, gpu_registry_uuid: uuid } = job;
  const { wait = true, 'wait-until': goal, 'max-parallel': maxParallel = 0 } = inputs;
  const isServer = task === 'PERSISTENT';
  const isCounted = wait && goal === undefined && maxParallel > 0;
  const check = isServer || goal === 'ready' ? inputs['ready-check'] : undefined;
  const noPort = `asks port ${check?.port}, which is not among the ports of the job: add it to ports`;
  return [
    [Boolean(name && uuid), 'gpu_name', texts.bothGpus],
    [isServer && typeof runLimit === 'number', 'max_timeout_run_ms', texts.bounded],
    [task === 'BATCH' && runLimit === null, 'max_timeout_run_ms', texts.noLimit],
    [isServer && isCounted, 'max-parallel', texts.unbounded],
    [check !== undefined && lacksPort(job, check.port), 'ready-check', noPort],
    [inputs.ssh === true && lacksPort(job, 22), 'ssh', texts.noSshPort],
  ];
}

/** What is wrong with a cook as a whole, the recipe's fields included. Only known once the recipe is. */
export function checkWhole(cook: JsonMapping, inputs: JobInputs): readonly Problem[] {
  const problems = brokenOf(jobRules({ max_timeout_run_ms: null, ...cook }, inputs));
  return problems.map((problem) => ({ ...problem, input: inputName(problem.input) }));
}

function lacksPort({ parameters }: JsonMapping, port: number): boolean {
  const container = isMapping(parameters) ? parameters['parameters'] : null;
  const ports = isMapping(container) ? container['ports'] : null;
  return Array.isArray(ports) && ports.length > 0 && !ports.some((each) => Number(each) === port);
}
