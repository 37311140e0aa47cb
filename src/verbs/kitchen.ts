import pLimit, { type LimitFunction } from 'p-limit';
import { createClient, type Client } from '../dispersed/client.ts';
import type { CookInputs } from '../intake/inputs.ts';
import { createReader, type Reader } from '../jobs/read.ts';
import { openRecipeBook, type RecipeBook } from '../jobs/recipes.ts';
import { metronome, pollIntervalMs } from '../pace.ts';
import { createLog, type Log } from '../report/log.ts';
import { endOfWait, type EndOfWait } from './end-of-wait.ts';
import type { World } from './world.ts';

/** What the orders of one step share. */
export interface Kitchen {
  readonly world: World;
  readonly inputs: CookInputs;
  readonly client: Client;
  readonly log: Log;
  readonly end: EndOfWait;
  readonly read: Reader;
  readonly nextLook: () => Promise<void>;
  readonly recipeBook: RecipeBook;
  readonly submitting: LimitFunction;
}

// As many as the connections to the service: more would only queue behind them.
const mostSubmitting = 8;

/** Opens a kitchen, has all orders carried out in it, and closes it, come what may. */
export async function withKitchen<T>(
  inputs: CookInputs,
  world: World,
  work: (kitchen: Kitchen) => Promise<T>,
): Promise<T> {
  const connection = world.connect(inputs['api-url']);
  const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
  const client = createClient({ exchange: connection.exchange, keys, now: world.clock.now });
  const end = endOfWait(world, inputs.timeout);
  try {
    return await work(equip(inputs, world, client, end));
  } finally {
    end.release();
    await connection.close();
  }
}

function equip(inputs: CookInputs, world: World, client: Client, end: EndOfWait): Kitchen {
  const { clock, random, runner } = world;
  const log = createLog(runner, inputs.recipes.length);
  const shared = { client, clock, random };
  return {
    world,
    inputs,
    client,
    log,
    end,
    read: createReader({ ...shared, end: end.signal, onAway: log.away, onBack: log.back }),
    nextLook: metronome(async () =>
      clock.sleep(pollIntervalMs(inputs['poll-interval'], random), end.signal),
    ),
    recipeBook: openRecipeBook({ ...shared, signal: end.signal }),
    submitting: pLimit(mostSubmitting),
  };
}
