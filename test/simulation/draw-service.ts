import type { Phase } from '../simulator/types.ts';
import type { Dice } from './dice.ts';
import type { PlannedRecipe, ServicePlan } from './plan.ts';

/** The models that steps ask for, in their order. */
export const gpuNames = ['RTX 3090', 'RTX 4090', 'H100'] as const;

/** Of one job. */
export const maxRuns = 3;

/** A service as it is documented, with nobody else's jobs. */
export const usualService = {
  generation: 'new',
  strangers: 0,
  strangersSpanMs: 0,
  wrapData: false,
  rawUtf8: false,
  capitals: false,
  listLagMs: 0,
  readLagMs: 0,
  maxPage: 50,
  tellsTotal: true,
  tellsDescriptions: true,
  tellsLimit: true,
  tellsRetries: true,
  cancelsOfFailed: 'work',
  tellsNodes: true,
  uuidFilter: 'takes-list',
  ignoredCancels: 0,
} as const satisfies Partial<ServicePlan>;

/** Draws how the service is, and the recipes it has. */
export function drawService(dice: Dice): ServicePlan {
  const isUsual = dice.chance(0.25);
  const recipes = Array.from({ length: dice.int(1, 5) }, (_, index) => drawRecipe(dice, index));
  const offers = gpuNames.filter(() => dice.chance(0.7));
  const latencyMs = dice.weighted([5, 40], [3, 300], [1, dice.int(1_000, 3_000)]);
  return { ...usualService, ...(!isUsual && drawQuirks(dice)), recipes, offers, latencyMs };
}

function drawQuirks(dice: Dice): Omit<ServicePlan, 'recipes' | 'offers' | 'latencyMs'> {
  return {
    generation: dice.weighted([4, 'new'], [1, 'old']),
    strangers: dice.weighted([6, 0], [2, dice.int(1, 49)], [2, dice.int(50, 400)]),
    strangersSpanMs: dice.weighted([2, 1_800_000], [1, 30_000]),
    wrapData: dice.chance(0.2),
    rawUtf8: dice.chance(0.25),
    capitals: dice.chance(0.15),
    listLagMs: dice.weighted([5, 0], [3, dice.int(500, 8_000)], [2, dice.int(8_000, 25_000)]),
    readLagMs: dice.weighted([6, 0], [1, dice.int(100, 2_500)], [1, dice.int(2_500, 20_000)]),
    maxPage: dice.weighted([6, 50], [1, 25], [2, 10]),
    tellsTotal: dice.chance(0.7),
    tellsDescriptions: dice.chance(0.9),
    tellsLimit: dice.chance(0.7),
    tellsRetries: dice.fork('retries').chance(0.85),
    tellsNodes: dice.fork('node count').chance(0.85),
    uuidFilter: dice.weighted(
      [6, 'takes-list'],
      [1, 'takes-first'],
      [1, 'refuses-several'],
      [1, 'too-large'],
      [1, 'fails'],
    ),
    ignoredCancels: dice.weighted([8, 0], [1, 1]),
    cancelsOfFailed: dice
      .fork('cancels of failed')
      .weighted([3, 'work'], [1, 'are ignored'], [1, 'are refused']),
  };
}

function drawRecipe(dice: Dice, index: number): PlannedRecipe {
  const way = dice.weighted<Way>(
    [6, 'completes'],
    [3, 'fails'],
    [3, 'endless'],
    [1, 'stuck'],
    [1, 'cancelled by someone'],
    [3, 'retried'],
    [1, 'fails early'],
  );
  const retries = way === 'retried' || way === 'fails early' ? dice.int(1, maxRuns - 1) : 0;
  const isServer = way === 'endless' && dice.chance(0.5);
  const hasPorts = dice.fork('ports').chance(0.7);
  const nodes = dice.fork('nodes').chance(0.25) ? 2 : 1;
  const showsNodes = dice.fork('node addresses').chance(0.5);
  const life = drawPhases(dice, way, retries);
  return {
    uuid: dice.uuid(),
    name: `Recipe ${index + 1}`,
    payload: {
      ...(isServer && { task: 'PERSISTENT' as const, ...(hasPorts && { parameters: server }) }),
      ...(retries > 0 && { max_retry_count: retries }),
      ...(nodes > 1 && { max_node_count: nodes }),
    },
    life:
      isServer && hasPorts
        ? withAddress(life, nodes, dice.fork('address'))
        : onNodes(life, showsNodes ? nodes : 1),
    lifeOnGpu: drawLivesOnGpu(dice.fork('gpus'), retries),
    accessTokens: dice.fork('token').chance(0.7),
    cancelTakesMs: dice.weighted([5, 0], [2, dice.int(500, 5_000)], [2, dice.int(5_000, 20_000)]),
    nodes,
    ...drawRates(dice.fork('rates'), retries),
  };
}

/** What a run costs need not be what was on offer, nor be known at once, nor be that of the one before. */
function drawRates(dice: Dice, retries: number): Partial<PlannedRecipe> {
  const draw = () => dice.weighted([3, 0.35], [4, 0.69], [1, 1.38], [1, 4.14]);
  const hourlyRateUsd = Array.from({ length: retries + 1 }, draw);
  const rateAfterMs = dice.weighted(
    [5, 0],
    [2, dice.span(500, 20_000)],
    [1, dice.span(20_000, 300_000)],
  );
  const first = dice.fork('first').weighted([3, null], [1, 0], [1, 0.01]);
  return { hourlyRateUsd, rateAfterMs, ...(first !== null && { firstRateUsd: first }) };
}

const server = {
  type: 'docker' as const,
  parameters: { image: 'server', ports: [22, 8080] },
};

/** An address comes with the start, minutes later, or never. */
function withAddress(life: readonly Phase[], nodes: number, dice: Dice): readonly Phase[] {
  const nodeUrls = addressesOf(nodes);
  const laterMs = dice.weighted([3, 1], [3, dice.span(2_000, 300_000)], [1, null]);
  if (laterMs === null) return life;
  const last = { ...life.at(-1), status: 'RUNNING' };
  return [...life.slice(0, -1), { ...last, forMs: laterMs }, { ...last, nodeUrls }];
}

// Without ports, nothing that the service says shows how many nodes there are.
function onNodes(life: readonly Phase[], nodes: number): readonly Phase[] {
  const nodeUrls = addressesOf(nodes);
  const isOnSeveral = ({ status }: Phase) => nodes > 1 && status === 'RUNNING';
  return life.map((phase) => (isOnSeveral(phase) ? { ...phase, nodeUrls } : phase));
}

function addressesOf(nodes: number) {
  return Array.from({ length: nodes }, (_, index) => ({
    description: '8080',
    hostname: `node-${index + 1}.example.net`,
    port: 30_080,
    protocol: 'tcp',
  }));
}

/** Why a person, or another workflow, has cancelled a job. */
export const stoppedByPerson = 'Stopped in the console';
const assignTimeout = { status: 'CANCELLED', statusReason: 'Assign timeout' };

/** On some models no machine comes, or the pull fails; how the service tells is not documented. */
function drawLivesOnGpu(dice: Dice, retries: number): Record<string, readonly Phase[]> {
  const lives = gpuNames.flatMap((name): readonly (readonly [string, readonly Phase[]])[] => {
    const pending = { status: 'PENDING', forMs: dice.span(2_000, 90_000) };
    const pulling = { status: 'PREPARING', forMs: dice.span(2_000, 60_000) };
    // Started once more later than anybody expects, where retries are left.
    const again = [
      { status: 'FAILED', forMs: dice.span(20_000, 120_000) },
      { status: 'PENDING', forMs: 2_000, retry: true },
      { status: 'RUNNING' },
    ];
    const failed = { status: 'FAILED' };
    const end = retries > 0 ? failed : dice.pick([failed, failed, assignTimeout]);
    // Queued or pulling, before and after the time that a machine may take to come.
    const waitMs = dice.pick([dice.span(2_000, 60_000), dice.span(271_000, 330_000)]);
    const wait = { ...dice.pick([pending, pulling]), forMs: waitMs };
    const life = dice.weighted<readonly Phase[] | null>(
      [3, null],
      [3, [end === assignTimeout ? { ...pending, forMs: 300_000 } : pending, end]],
      [2, [wait, { status: 'CANCELLED', statusReason: stoppedByPerson }]],
      [retries > 0 ? 3 : 0, [pending, pulling, ...again]],
      [2, [pending, pulling, { status: 'FAILED', statusReason: 'The image cannot be pulled' }]],
    );
    return life === null ? [] : [[name, life]];
  });
  return Object.fromEntries(lives);
}

type Way =
  | 'completes'
  | 'fails'
  | 'endless'
  | 'stuck'
  | 'cancelled by someone'
  | 'retried'
  /** Though retries are left. */
  | 'fails early';

function drawPhases(dice: Dice, way: Way, retries: number): readonly Phase[] {
  if (way === 'stuck') return [{ status: 'PENDING' }];
  const begin = () => drawBeginning(dice);
  const run = { status: 'RUNNING', forMs: dice.span(500, 240_000) };
  switch (way) {
    case 'completes':
      return [...begin(), run, { status: 'COMPLETED' }];
    case 'endless':
      return [...begin(), { status: 'RUNNING' }];
    case 'cancelled by someone':
      return [...begin(), run, { status: 'CANCELLED', statusReason: stoppedByPerson }];
    case 'fails':
    case 'fails early':
      return [...begin(), run, { status: 'FAILED', statusReason: 'Container exited with code 1' }];
    case 'retried':
      return [...begin(), run, ...drawRetries(dice, retries)];
  }
}

function drawBeginning(dice: Dice): readonly Phase[] {
  const pending = { status: 'PENDING', forMs: dice.span(200, 60_000) };
  const assigned = { status: dice.pick(['ASSIGNED', 'PREPARING']), forMs: dice.span(200, 30_000) };
  return dice.chance(0.1) ? [] : [pending, assigned];
}

// Whether FAILED shows between two runs is documented nowhere.
function drawRetries(dice: Dice, retries: number): readonly Phase[] {
  const runs = Array.from({ length: retries }, (_, index): readonly Phase[] => {
    const between = {
      status: 'FAILED',
      forMs: dice.weighted([3, dice.span(500, 50_000)], [1, dice.span(50_000, 240_000)]),
    };
    const isLast = index === retries - 1;
    const end = isLast ? dice.weighted([3, 'COMPLETED'], [1, 'FAILED'], [1, null]) : null;
    return [
      ...(dice.chance(0.7) ? [between] : []),
      { status: 'PENDING', forMs: dice.span(200, 30_000), retry: true },
      { status: 'RUNNING', ...(!(isLast && end === null) && { forMs: dice.span(500, 120_000) }) },
      ...(end === null ? [] : [{ status: end }]),
    ];
  });
  return runs.flat();
}
