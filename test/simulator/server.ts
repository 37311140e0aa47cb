import { createGate } from './auth.ts';
import { createFaultBook } from './faults.ts';
import { serve } from './handling.ts';
import { listen } from './listener.ts';
import type { Listener } from './listener.ts';
import { costOf } from './ledger.ts';
import { exampleOffers } from './offers.ts';
import { exampleRecipes } from './recipes.ts';
import { baseOf, createStore } from './store.ts';
import type { Store } from './store.ts';
import type { Site } from './handling.ts';
import type { Simulator, SimulatorOptions } from './types.ts';

export type * from './resources.ts';
export type * from './types.ts';

/** A stand-in of the whole service on loopback. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const site = siteFor(options);
  const recipes = options.recipes ?? exampleRecipes;
  const recipeUuids = recipes.map((script) => site.service.store.addRecipe(script));
  site.faults.add(options.faults ?? []);
  const listener = await listen((request, response) => {
    void serve({ ...site, refuseFor: listener.refuseFor }, request, response);
  }, options.port ?? 0);
  return simulatorOf(site, listener, recipeUuids);
}

type ClosedSite = Omit<Site, 'refuseFor'> & { publicKey: string; secretKey: string };

function siteFor(options: SimulatorOptions): ClosedSite {
  const { generation = 'new', now = Date.now, rawUtf8Signing = false } = options;
  const { publicKey = 'pk_sim_0123456789abcdef', secretKey = 'sk_sim_fedcba9876543210' } = options;
  const { singleUuidFilter = false, listingLagMs = 0, readLagMs = 0, quirks = {} } = options;
  const store = createStore(now, generation);
  return {
    publicKey,
    secretKey,
    service: {
      store,
      generation,
      now,
      singleUuidFilter,
      listingLagMs,
      readLagMs,
      quirks,
      offers: options.offers ?? exampleOffers,
      ledgerIgnoresFilter: options.ledgerIgnoresFilter ?? false,
    },
    gate: createGate({ publicKey, secretKey, rawUtf8Signing, now }),
    faults: createFaultBook(),
    requests: [],
    latencyMs: options.latencyMs ?? 0,
    wrapData: options.wrapData ?? false,
    log: options.log ?? (() => undefined),
  };
}

function simulatorOf(site: ClosedSite, listener: Listener, recipeUuids: string[]): Simulator {
  const { faults, publicKey, secretKey, requests } = site;
  const { store } = site.service;
  return {
    url: listener.url,
    publicKey,
    secretKey,
    recipeUuids,
    requests,
    jobs: () => records(store).map(store.show),
    runs: () =>
      records(store)
        .flatMap(store.runsOf)
        .map((run) => run.resource),
    costUsd: () => records(store).reduce((sum, job) => sum + costOf(job, site.service.now()), 0),
    addRecipe: store.addRecipe,
    cookForOthers: (recipeUuid, count) => {
      const recipe = store.recipes.get(recipeUuid);
      if (recipe === undefined) throw new Error(`there is no recipe ${recipeUuid}`);
      for (let made = 0; made < count; made += 1) {
        store.addJob(recipeUuid, recipe.script, baseOf(recipe));
      }
    },
    inject: (...more) => faults.add(more),
    clearFaults: faults.clear,
    cancelJob: (uuid, reason) => store.cancelJob(uuid, reason ?? null),
    removeJob: store.removeJob,
    close: listener.close,
  };
}

function records({ jobs }: Store) {
  return [...jobs.values()];
}
