import { cancelReason, cookedFields } from './cook.ts';
import { dateOf } from './jobs.ts';
import type { JobRecord } from './jobs.ts';
import { createdBetween, oneOfNumbers, oneOfTexts, oneOfUuids, pageOf } from './lists.ts';
import type { Filters, Listed } from './lists.ts';
import { ledgerFilters, ledgerOf } from './ledger.ts';
import { offerFilters, offersAt, type OfferScript } from './offers.ts';
import { recipeOf, successfulLife } from './recipes.ts';
import type { RecipeRecord } from './recipes.ts';
import { notFound } from './refusal.ts';
import type { Quirks } from './quirks.ts';
import type { CookFields, Job, JobRun, Recipe } from './resources.ts';
import { baseOf } from './store.ts';
import type { Store } from './store.ts';
import type { Generation, RecipeScript } from './types.ts';

/** What the endpoints work with. */
export interface Service {
  store: Store;
  generation: Generation;
  now: () => number;
  singleUuidFilter: boolean;
  listingLagMs: number;
  readLagMs: number;
  quirks: Quirks;
  offers: readonly OfferScript[];
  ledgerIgnoresFilter: boolean;
}

/** A request to an endpoint; `uuid` is the `*` of its path. */
export interface Call {
  uuid: string;
  query: URLSearchParams;
  body: unknown;
}

/** A method on a path, where `*` is a UUID, and what it gives. */
export interface Endpoint {
  method: string;
  path: string;
  gives: 'resource' | 'list';
  answer: (service: Service, call: Call) => unknown;
}

/** The whole service. */
export const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/v1/job-recipes', gives: 'list', answer: listRecipes },
  { method: 'GET', path: '/v1/job-recipes/*', gives: 'resource', answer: readRecipe },
  { method: 'POST', path: '/v1/job-recipes/*/cook', gives: 'resource', answer: cook },
  { method: 'GET', path: '/v1/jobs', gives: 'list', answer: listJobs },
  { method: 'POST', path: '/v1/jobs', gives: 'resource', answer: createJob },
  { method: 'GET', path: '/v1/jobs/*', gives: 'resource', answer: readJob },
  { method: 'PUT', path: '/v1/jobs/*/cancel', gives: 'resource', answer: cancelJob },
  { method: 'GET', path: '/v1/job-runs', gives: 'list', answer: listRuns },
  { method: 'GET', path: '/v1/job-runs/*', gives: 'resource', answer: readRun },
  { method: 'GET', path: '/v1/compute/offers', gives: 'list', answer: listOffers },
  { method: 'GET', path: '/v1/compute/ledger/transactions', gives: 'list', answer: listLedger },
];

function listRecipes({ store, generation }: Service, { query }: Call) {
  const recipes = [...store.recipes.values()].map((record): Listed<Recipe> => ({
    createdAtMs: record.createdAtMs,
    resource: recipeOf(record, generation),
  }));
  return pageOf(recipes, query, {});
}

function readRecipe({ store, generation }: Service, { uuid }: Call) {
  return recipeOf(knownRecipe(store, uuid), generation);
}

function cook({ store, generation, quirks }: Service, { uuid, body }: Call) {
  const recipe = knownRecipe(store, uuid);
  const fields = cookedFields(baseOf(recipe), body, generation);
  const { description } = fields;
  const cut = description?.slice(0, quirks.maxDescription);
  const kept = description === undefined ? fields : { ...fields, description: cut ?? null };
  return store.show(store.addJob(recipe.uuid, scriptFor(recipe.script, kept), kept));
}

function scriptFor(script: RecipeScript, { gpu_name: gpuName }: CookFields): RecipeScript {
  const life = script.lifeOnGpu?.[gpuName ?? ''];
  return life === undefined ? script : { ...script, life };
}

function createJob({ store, generation }: Service, { body }: Call) {
  const fields = cookedFields({}, body, generation);
  const script = { name: fields.title ?? '', life: successfulLife };
  return store.show(store.addJob(null, script, fields));
}

function listJobs(service: Service, { query }: Call) {
  const { store, now, listingLagMs } = service;
  const shown = [...store.jobs.values()].filter((job) => now() - job.cookedAtMs >= listingLagMs);
  const jobs = shown.map((record) => ({
    createdAtMs: record.cookedAtMs,
    resource: store.show(record),
  }));
  return pageOf(jobs, query, jobFilters(service));
}

function jobFilters({ generation, singleUuidFilter }: Service): Filters<Job> {
  return {
    status: oneOfTexts((job) => job.status),
    task: oneOfTexts((job) => job.task),
    uuid: oneOfUuids((job) => job.uuid, !singleUuidFilter),
    created_at: createdBetween(generation === 'new' ? exactly : dayOf),
    cpu_count: oneOfNumbers((job) => job.cpu_count),
    min_ram_gb: oneOfNumbers((job) => job.min_ram_gb),
    min_storage_gb: oneOfNumbers((job) => job.min_storage_gb),
    min_vram_gb: oneOfNumbers((job) => job.min_vram_gb),
  };
}

function exactly(atMs: number): number {
  return atMs;
}

/** To the old generation, dates are days. */
function dayOf(atMs: number): number {
  return Math.floor(atMs / 86_400_000);
}

function readJob({ store, now, readLagMs }: Service, { uuid }: Call) {
  const job = knownJob(store, uuid);
  if (now() - job.cookedAtMs < readLagMs) throw notFound('Job');
  return store.show(job);
}

function cancelJob({ store }: Service, { uuid, body }: Call) {
  const reason = cancelReason(body);
  const job = knownJob(store, uuid);
  if (!job.script.cancelIgnored) store.cancelJob(uuid, reason);
  return store.show(knownJob(store, uuid));
}

const runFilters: Filters<JobRun> = {
  job_uuid: oneOfUuids((run) => run.job_uuid),
  status: oneOfTexts((run) => run.status),
};

function listRuns({ store }: Service, { query }: Call) {
  const runs = [...store.jobs.values()].flatMap(store.runsOf);
  const { data, ...page } = pageOf(runs, query, runFilters);
  return { data: data.map(({ logs: _onlyOnSingleRead, ...run }) => run), ...page };
}

function readRun({ store }: Service, { uuid }: Call) {
  const runs = [...store.jobs.values()].flatMap(store.runsOf);
  const found = runs.find(({ resource }) => resource.uuid === uuid);
  if (found === undefined) throw notFound('Job run');
  return found.resource;
}

function listOffers({ now, generation, offers: machines }: Service, { query }: Call) {
  const offers = offersAt(machines, dateOf(now(), generation));
  const listed = offers.map((resource) => ({ createdAtMs: 0, resource }));
  return pageOf(listed, query, offerFilters(generation));
}

function listLedger({ store, now, ledgerIgnoresFilter }: Service, { query }: Call) {
  const lines = [...store.jobs.values()].flatMap((job) => ledgerOf(job, now()));
  const asked = new URLSearchParams(query);
  if (ledgerIgnoresFilter) asked.delete('filter[job_run_uuid]');
  return pageOf(lines, asked, ledgerFilters);
}

function knownRecipe(store: Store, uuid: string): RecipeRecord {
  const recipe = store.recipes.get(uuid);
  if (recipe === undefined) throw notFound('Recipe');
  return recipe;
}

function knownJob(store: Store, uuid: string): JobRecord {
  const job = store.jobs.get(uuid);
  if (job === undefined) throw notFound('Job');
  return job;
}
