import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../../src/clock.ts';
import { wait } from '../../src/commands/wait.ts';
import { fastClock } from '../support/deps.ts';
import { openSimulator, play, playOn, speed, type Played } from './play.ts';
import type { RecipeScript } from '../simulator/types.ts';

const resultOf = ({ main }: Played) => main.outputs.get('result');
const jobsOf = ({ main }: Played) =>
  JSON.parse(main.outputs.get('jobs') ?? '[]') as Record<string, unknown>[];
const titlesOf = ({ main }: Played) => main.annotations.map(({ title }) => title);
const messagesOf = ({ main }: Played) => main.annotations.map(({ message }) => message);
const ledgerPath = '/v1/compute/ledger/transactions';
const offersPath = '/v1/compute/offers';

/** Runs for hours, at this rate. */
const forHours = (hourlyRateUsd: RecipeScript['hourlyRateUsd']): RecipeScript => ({
  name: 'Train',
  life: [
    { status: 'PENDING', forMs: 4_000 },
    { status: 'ASSIGNED', forMs: 20_000 },
    { status: 'RUNNING' },
  ],
  ...(hourlyRateUsd !== undefined && { hourlyRateUsd }),
});

/** Runs for 36 s: a hundredth of an hour. */
const short: RecipeScript = {
  name: 'Render',
  life: [
    { status: 'PENDING', forMs: 4_000 },
    { status: 'RUNNING', forMs: 36_000 },
    { status: 'COMPLETED' },
  ],
  hourlyRateUsd: 2,
};

describe('before', () => {
  test('the log says what is on offer', async () => {
    const { main } = await play({ recipes: [short] });
    const estimate = 'Price estimate: at most 4.14 USD (3 offers match: 0.35 to 4.14 USD an hour)';
    expect(main.lines).toContain(estimate);
    expect(main.summary()).toContain(estimate);
  });

  test.each([
    [{}, 'at most 99.36 USD for all 6 jobs'],
    [{ 'max-cost': '3' }, 'at most 3.00 USD for all 6 jobs'],
    [{ 'max-hourly-rate': '0.50' }, 'at most 12.00 USD for all 6 jobs'],
  ])('log, summary and dry run say what all jobs cost at the most: %j', async (ceiling, most) => {
    const payload = { max_timeout_run_ms: 4 * 3_600_000 };
    const recipes = Array.from({ length: 6 }, () => ({ ...short, payload }));
    for (const dry of ['true', 'false']) {
      const { main } = await play({ recipes, inputs: { ...ceiling, 'dry-run': dry } });
      const estimate = `Price estimate: ${most} (3 offers match: 0.35 to 4.14 USD an hour)`;
      expect(main.lines).toContain(estimate);
      expect(main.summary()).toContain(estimate);
    }
  });

  test('once for jobs that ask for the same', async () => {
    const played = await play({
      recipes: [short, short, { ...short, payload: { min_ram_gb: 100 } }],
    });
    const offers = played.simulator.requests.filter(({ path }) => path === offersPath);
    const asked = offers.map(({ query }) => query['filter[min_ram_gb]'] ?? 'any');
    expect(asked.toSorted()).toEqual(['100', 'any']);
    expect(played.main.lines.filter((line) => line.includes('match'))).toEqual([
      'Price estimate: at most 12.42 USD for all 3 jobs (2 of 3 jobs: 3 offers match: 0.35 to 4.14 USD an hour; 1 of 3 jobs: 1 offer matches: 4.14 USD an hour)',
    ]);
  });

  test('nothing is cooked where every offer is dearer', async () => {
    const played = await play({ recipes: [short], inputs: { 'max-hourly-rate': '0.34' } });
    expect(resultOf(played)).toBe('over-budget');
    expect(played.main.failed()).toBe(true);
    expect(played.simulator.jobs()).toEqual([]);
    expect(titlesOf(played)).toEqual(['Over budget: recipe ' + played.simulator.recipeUuids[0]]);
    expect(messagesOf(played)[0]).toContain(
      'max-hourly-rate (0.34 USD). The cheapest costs 0.35 USD an hour',
    );
  });

  test('nothing on offer: what is asked for is named, and the job is cooked', async () => {
    const payload = { min_vram_gb: 64, gpu_name: 'H1OO', gpu_count: 1 };
    // With a ceiling, offers have a minute: of 5 s, a busy machine leaves nothing in fast time.
    const inputs = { 'max-hourly-rate': '50' };
    const played = await play({ recipes: [{ ...short, payload }], inputs });
    expect(resultOf(played)).toBe('succeeded');
    expect(titlesOf(played)).toEqual(['No offer matches']);
    expect(messagesOf(played)[0]).toContain(
      'The most similar GPU that has a matching offer is H100.',
    );
  });

  test.each([
    ['missing', { type: 'status', status: 404 }],
    ['broken', { type: 'other-shape' }],
    ['failing', { type: 'status', status: 500 }],
    ['slow', { type: 'hang' }],
  ] as const)('offers that are %s hold up no job without a ceiling', async (_, kind) => {
    const faults = [{ path: offersPath, times: Infinity, kind }];
    const clock = (service: Clock) => service;
    const played = await play({ recipes: [short], simulator: { faults }, clock });
    expect(resultOf(played)).toBe('succeeded');
    const cook = played.simulator.requests.find(({ method }) => method === 'POST');
    const [first] = played.simulator.requests;
    // 5 s, and what a busy machine makes of them.
    expect((cook?.atMs ?? Infinity) - (first?.atMs ?? 0)).toBeLessThan(30_000);
  });

  const unreadable = {
    faults: [{ path: offersPath, times: Infinity, kind: { type: 'status', status: 403 } }],
  } as const;

  test.each(['max-hourly-rate', 'max-cost'])(
    'with %s, that they cannot be read is a warning',
    async (name) => {
      const inputs = { [name]: '50' };
      const played = await play({ recipes: [short], simulator: unreadable, inputs });
      expect(resultOf(played)).toBe('succeeded');
      const [warning, ...others] = played.main.annotations;
      expect(warning).toMatchObject({ level: 'warning', title: 'The offers could not be read' });
      expect(others).toEqual([]);
    },
  );

  test('they must be readable where nobody watches the rate', async () => {
    const inputs = { 'max-hourly-rate': '50', wait: 'false' };
    const played = await play({ recipes: [short], simulator: unreadable, inputs });
    expect(resultOf(played)).toBe('error');
    expect(played.simulator.jobs()).toEqual([]);
    const title = 'Could not check max-hourly-rate: the offers could not be read';
    expect(played.main.annotations[0]?.title).toBe(title);
    expect(messagesOf(played)[0]).toContain('wait: false');
  });
});

describe('max-hourly-rate', () => {
  const inputs = { 'max-hourly-rate': '0.50', logs: 'none' };

  const nodes = { ...forHours(0.69), nodes: 2, payload: { max_node_count: 2 } };
  const ofTwo = { ...inputs, 'max-hourly-rate': '1.00' };

  test.each<[string, RecipeScript, Record<string, string>]>([
    ['a node with six GPUs', forHours(4.14), inputs],
    ['its rate comes late', { ...forHours(4.14), rateAfterMs: 30_000 }, inputs],
    ['several nodes', { ...nodes, life: twoNodes() }, ofTwo],
    ['several nodes without addresses', nodes, ofTwo],
  ])('a dearer job is cancelled as soon as it shows its rate: %s', async (_, recipe, given) => {
    const played = await play({ recipes: [recipe], inputs: given });
    expect(resultOf(played)).toBe('over-budget');
    expect(played.statuses).toEqual(['CANCELLED']);
    expect(played.main.failed()).toBe(true);
    const [title] = titlesOf(played);
    expect(title).toBe('Over budget: Train');
    expect(messagesOf(played)[0]).toMatch(
      /costs (?:4\.14|1\.38) USD an hour.*max-hourly-rate is (?:0\.50|1\.00) USD/,
    );
  });

  test('nothing is cooked where all nodes of the cheapest offer cost more together', async () => {
    const played = await play({ recipes: [nodes], inputs });
    expect(resultOf(played)).toBe('over-budget');
    expect(played.simulator.jobs()).toEqual([]);
    expect(messagesOf(played)[0]).toContain('The cheapest costs 0.70 USD');
  });

  test('another run of a job may be dearer', async () => {
    const recipe: RecipeScript = {
      name: 'Retried',
      payload: { max_retry_count: 1 },
      hourlyRateUsd: [0.35, 4.14],
      life: [
        { status: 'RUNNING', forMs: 20_000 },
        { status: 'FAILED', forMs: 2_000 },
        { status: 'PENDING', forMs: 4_000, retry: true },
        { status: 'RUNNING' },
      ],
    };
    const played = await play({ recipes: [recipe], inputs });
    expect(resultOf(played)).toBe('over-budget');
    expect(played.statuses).toEqual(['CANCELLED']);
  });

  test('the others go on', async () => {
    const cheap = { ...short, hourlyRateUsd: 0.35 };
    const played = await play({ recipes: [cheap, forHours(4.14)], inputs });
    expect(jobsOf(played).map(({ result }) => result)).toEqual(['succeeded', 'over-budget']);
  });

  test('a server that runs as asked is checked too', async () => {
    const payload = { task: 'PERSISTENT' as const };
    const recipe = { ...forHours(4.14), payload, rateAfterMs: 40_000 };
    const played = await play({ recipes: [recipe], inputs });
    expect(resultOf(played)).toBe('over-budget');
    expect(played.statuses).toEqual(['CANCELLED']);
  });

  test('a server that runs as asked is checked as long as others are waited for', async () => {
    const payload = { task: 'PERSISTENT' as const };
    const server = { ...forHours(4.14), payload, rateAfterMs: 90_000 };
    const life = [{ status: 'RUNNING', forMs: 180_000 }, { status: 'COMPLETED' }];
    const other: RecipeScript = { ...short, life, hourlyRateUsd: 0.35 };
    const played = await play({ recipes: [server, other], inputs });
    expect(jobsOf(played).map(({ result }) => result)).toEqual(['over-budget', 'succeeded']);
    expect(played.statuses).toEqual(['CANCELLED', 'COMPLETED']);
  });
});

describe('max-cost', () => {
  test.each([1, 3])('all of %d jobs are cancelled in time', async (count) => {
    const recipes = Array.from({ length: count }, () => forHours(1.8));
    const played = await play({ recipes, inputs: { 'max-cost': '0.05' } });
    expect(resultOf(played)).toBe('over-budget');
    expect(played.statuses.every((status) => status === 'CANCELLED')).toBe(true);
    // A busy machine takes time that the made-up clock counts; to the cent it is held in the simulation.
    expect(played.simulator.costUsd()).toBeLessThan(0.08);
    expect(messagesOf(played)[0]).toContain('max-cost is 0.05 USD');
  });

  test('what runs as asked is cancelled with the rest', async () => {
    const server = { ...forHours(1.8), payload: { task: 'PERSISTENT' as const } };
    const played = await play({
      recipes: [server, forHours(1.8)],
      inputs: { 'max-cost': '0.08' },
    });
    expect(resultOf(played)).toBe('over-budget');
    expect(played.statuses).toEqual(['CANCELLED', 'CANCELLED']);
  });

  test('no more is cooked where what is left is not enough for a minute', async () => {
    const played = await play({
      recipes: [short, short, short],
      simulator: { offers: [{ gpu: 'H100', hourlyRateUsd: 2 }] },
      inputs: { 'max-cost': '0.044', 'max-parallel': '1' },
    });
    const results = jobsOf(played).map(({ result }) => result);
    expect(results).toEqual(['succeeded', 'over-budget', 'over-budget']);
    expect(played.statuses).toEqual(['COMPLETED']);
    expect(messagesOf(played)[0]).toContain('does not pay for one minute');
  });
});

describe('both ceilings', () => {
  test('each job has its share as run limit, also without any runner', async () => {
    const recipe = forHours(0.5);
    const simulator = await openSimulator({ recipes: [recipe, recipe] });
    const inputs = { 'max-cost': '0.05', 'max-hourly-rate': '0.5' };
    const played = await playOn(simulator, { inputs, withPost: false });
    await simulator.close();
    const bodies = simulator.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => body);
    expect(bodies).toMatchObject([
      { max_timeout_run_ms: 180_000 },
      { max_timeout_run_ms: 180_000 },
    ]);
    expect(resultOf(played)).toBe('over-budget');
    expect(simulator.costUsd()).toBeLessThanOrEqual(0.0501);
  });
});

describe('the bill after', () => {
  const cost = 0.02;

  test.each<[string, Partial<RecipeScript>, Record<string, unknown>]>([
    ['from the ledger', {}, { cost_is: 'billed' }],
    ['an amount below zero', { bill: { isNegative: true } }, { cost_is: 'billed' }],
    ['too late', { bill: { afterMs: 3_600_000 } }, { cost_is: 'estimated' }],
    ['of another type', { bill: { type: 'REFUND' } }, { cost_is: 'estimated' }],
    [
      'no rate, but a bill later',
      { rateAfterMs: 1e9 },
      { cost_is: 'billed', hourly_rate_usd: null },
    ],
  ])('%s', async (_, script, expected) => {
    const played = await play({ recipes: [{ ...short, ...script }] });
    expect(jobsOf(played)).toMatchObject([{ hourly_rate_usd: 2, cost_usd: cost, ...expected }]);
    expect(played.main.outputs.get('cost-usd')).toBe(String(cost));
  });

  test('lines of other runs are not counted', async () => {
    const played = await play({
      recipes: [short, short],
      simulator: { ledgerIgnoresFilter: true },
    });
    expect(jobsOf(played)).toMatchObject([{ cost_usd: cost }, { cost_usd: cost }]);
    expect(played.main.outputs.get('cost-usd')).toBe('0.04');
  });

  test.each([
    ['missing', { type: 'status', status: 404 }],
    ['broken', { type: 'other-shape' }],
    ['slow', { type: 'hang' }],
  ] as const)('a ledger that is %s leaves the estimate', async (_, kind) => {
    const faults = [{ path: ledgerPath, times: Infinity, kind }];
    const played = await play({ recipes: [short], simulator: { faults } });
    expect(resultOf(played)).toBe('succeeded');
    expect(jobsOf(played)).toMatchObject([{ cost_usd: cost, cost_is: 'estimated' }]);
    expect(titlesOf(played)).toEqual([]);
  });

  test('wait gives the bill when it has come', async () => {
    const recipe = { ...short, bill: { afterMs: 100_000 } };
    const simulator = await openSimulator({ recipes: [recipe] });
    const cooked = await playOn(simulator, {});
    expect(jobsOf(cooked)).toMatchObject([{ cost_is: 'estimated' }]);
    await fastClock(speed).sleep(110_000);
    const uuids = cooked.main.outputs.get('job-uuids') ?? '';
    const waited = await playOn(simulator, { command: wait, inputs: { 'job-uuids': uuids } });
    await simulator.close();
    expect(jobsOf(waited)).toMatchObject([{ cost_is: 'billed', cost_usd: cost }]);
  });
});

function twoNodes(): RecipeScript['life'] {
  const nodeUrls = ['a.example', 'b.example'].map((hostname) => ({
    description: 'ssh',
    hostname,
    port: 22,
    protocol: 'tcp',
  }));
  return [
    { status: 'RUNNING', forMs: 10_000 },
    { status: 'RUNNING', nodeUrls },
  ];
}

describe('a rate that is never told', () => {
  const unrated: RecipeScript = { ...short, rateAfterMs: 3_600_000 };

  test.each([
    [{ 'max-hourly-rate': '0.5' }, 1],
    [{ 'max-cost': '1' }, 1],
    [{}, 0],
  ])('with %j is said %d times', async (inputs, times) => {
    const played = await play({ recipes: [unrated, unrated], inputs });
    expect(resultOf(played)).toBe('succeeded');
    const told = titlesOf(played).filter((title) => title === 'The rate of a job is not known');
    expect(told).toHaveLength(times);
  });
});
