import type * as z from 'zod/mini';
import { ServiceError } from '../errors.ts';
import { parseAnswer } from './answers.ts';
import type { Call, Client } from './client.ts';
import type { JsonMapping } from './json.ts';
import {
  jobRunSchema,
  jobRunWithLogSchema,
  jobSchema,
  ledgerTransactionSchema,
  listSchema,
  offerSchema,
  recipeSchema,
  runTokenSchema,
  type Job,
} from './schemas.ts';

/** The body of a cook: every field optional, each overrides the recipe's. */
export type CookBody = JsonMapping;

/** One page of a list, newest or oldest first as asked. */
export interface Page<T> {
  readonly items: readonly T[];
  /** How many members it has, those that cannot be read included. */
  readonly size: number;
  /** How many there are on all pages, where the service says so. */
  readonly total: number | undefined;
}

export type JobPage = Page<Job>;

/** Filters and paging of a list: `filter[name]`, `sort`, `page` from 1. */
export type ListQuery = Readonly<Record<string, string>>;

/** Most entries the service gives in one page. */
export const pageLimit = 50;

/** Longest answer with a log that is read: what one holds in memory without a thought. */
export const maxLogBytes = 64 * 1024 * 1024;

/**
 * Makes a job from a recipe. Never to be repeated blindly: each success starts a billed job.
 * @param ended fires when it is no longer to be signed again
 */
export async function cookRecipe(
  client: Client,
  recipeUuid: string,
  body: CookBody,
  signal: AbortSignal,
  ended: AbortSignal,
) {
  const pathname = `/v1/job-recipes/${recipeUuid}/cook`;
  return readOne(client, { method: 'POST', pathname, body, signal, ended }, jobSchema);
}

/** Reads a recipe, its stored cook fields included. */
export async function readRecipe(client: Client, recipeUuid: string, signal?: AbortSignal) {
  const call = { ...get(`/v1/job-recipes/${recipeUuid}`, signal), exactNumbers: true };
  const recipe = await readSame(client, call, recipeSchema, recipeUuid);
  client.redactor.addCredentialsOf(recipe);
  return recipe;
}

/** Reads one job. */
export async function readJob(client: Client, jobUuid: string, signal?: AbortSignal): Promise<Job> {
  return readSame(client, get(`/v1/jobs/${jobUuid}`, signal), jobSchema, jobUuid);
}

/** Reads one run and its log, which is empty where there is none. */
export async function readJobRun(client: Client, runUuid: string, signal?: AbortSignal) {
  const call = { ...get(`/v1/job-runs/${runUuid}`, signal), maxBytes: maxLogBytes };
  const { logs: log, ...run } = await readSame(client, call, jobRunWithLogSchema, runUuid);
  return { run, log };
}

/**
 * Asks the service to stop a job.
 * @returns the job, perhaps still `CANCELLING`; null where the service has taken the cancel and says
 * nothing of the job
 */
export async function cancelJob(
  client: Client,
  jobUuid: string,
  reason: string,
  signal?: AbortSignal,
): Promise<Job | null> {
  const pathname = `/v1/jobs/${jobUuid}/cancel`;
  const call: Call = { method: 'PUT', pathname, body: { reason }, signal };
  const job = await ask(client, call, (answer) => {
    const parsed = parseAnswer(client, jobSchema, unwrap(answer));
    return parsed.success && parsed.data.uuid === jobUuid.toLowerCase() ? parsed.data : null;
  });
  // Any host may say so little. Whether this one is the API, it tells by the job.
  return client.host.isKnown() ? job : readJob(client, jobUuid, signal);
}

/** Lists jobs; members that are no jobs are left out. */
export async function listJobs(client: Client, query: ListQuery, signal?: AbortSignal) {
  return readPage(client, get('/v1/jobs', signal, query), jobSchema);
}

/** Lists the runs of a job, oldest first, without their logs; of more than a page, the newest. */
export async function listJobRuns(client: Client, jobUuid: string, signal?: AbortSignal) {
  const { items } = await listRunsOfJobs(client, [jobUuid], 1, signal);
  // Each counts once, whatever a list may repeat: it costs money.
  return [...new Map(items.toReversed().map((run) => [run.uuid, run])).values()];
}

/** Lists one page of the runs of several jobs, newest first, without their logs. */
export async function listRunsOfJobs(
  client: Client,
  jobUuids: readonly string[],
  page: number,
  signal?: AbortSignal,
) {
  return readPage(client, getRuns(jobUuids, page, signal), jobRunSchema);
}

/**
 * Reads the access token of the newest run of a job: what the vendor's images ask for, as the
 * password of the user `duser`. A secret: whoever reads it masks it first.
 * @returns null where the run has none
 */
export async function readAccessToken(client: Client, jobUuid: string, signal?: AbortSignal) {
  const [newest] = (await readPage(client, getRuns([jobUuid], 1, signal), runTokenSchema)).items;
  return newest ?? null;
}

/** Lists one page of what is on offer; offers without a price are left out. */
export async function listOffers(client: Client, query: ListQuery, signal?: AbortSignal) {
  return readPage(client, get('/v1/compute/offers', signal, query), offerSchema);
}

/** Lists what the ledger has for runs, a page of it. */
export async function listLedger(
  client: Client,
  runUuids: readonly string[],
  page: number,
  signal?: AbortSignal,
) {
  const query = { 'filter[job_run_uuid]': runUuids.join(','), page: String(page) };
  const call = get('/v1/compute/ledger/transactions', signal, query);
  return readPage(client, call, ledgerTransactionSchema);
}

function get(pathname: string, signal?: AbortSignal, query: ListQuery = {}): Call {
  return { method: 'GET', pathname, query, signal };
}

function getRuns(jobUuids: readonly string[], page: number, signal?: AbortSignal): Call {
  const filter = { 'filter[job_uuid]': jobUuids.join(','), sort: '-created_at' };
  return get('/v1/job-runs', signal, { ...filter, page: String(page) });
}

/** Sends a request and reads its answer. What errors mean depends on what the host has answered so far. */
async function ask<T>(client: Client, call: Call, read: (answer: unknown) => T): Promise<T> {
  try {
    return read(await client.send(call));
  } catch (error) {
    throw error instanceof ServiceError ? client.host.judge(error) : error;
  }
}

async function readOne<S extends z.core.$ZodType>(client: Client, call: Call, schema: S) {
  return ask(client, call, (answer) => {
    const parsed = parseAnswer(client, schema, unwrap(answer));
    if (parsed.success) return parsed.data;
    throw unreadable(call, `does not have ${documentedForm(parsed.error)}`, true);
  });
}

/** @throws ServiceError where the answer is about another one than was asked for */
async function readSame<S extends z.core.$ZodType<{ readonly uuid: string }>>(
  client: Client,
  call: Call,
  schema: S,
  uuid: string,
) {
  const answer = await readOne(client, call, schema);
  if (answer.uuid === uuid.toLowerCase()) return answer;
  throw unreadable(call, `is about another one, ${answer.uuid}`, false);
}

async function readPage<S extends z.core.$ZodType>(
  client: Client,
  call: Call,
  schema: S,
): Promise<Page<z.output<S>>> {
  const query = { limit: String(pageLimit), ...call.query };
  const { total, data } = await ask(client, { ...call, query }, (answer) => {
    const list = listSchema.safeParse(Array.isArray(answer) ? { data: answer } : answer);
    if (!list.success) throw unreadable(call, `does not have ${documentedForm(list.error)}`, true);
    client.host.answered();
    return list.data;
  });
  // One may repeat what only a later one has.
  for (const member of data) client.redactor.addEchoed(member);
  const items = data.flatMap((member) => {
    const parsed = parseAnswer(client, schema, member);
    return parsed.success ? [parsed.data] : [];
  });
  const size = data.length;
  // One that is less than there are on a single page says nothing.
  return { items, size, total: total !== undefined && total < size ? undefined : total };
}

// The documentation shows a bare resource, the vendor's client unwraps `data`.
function unwrap(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || 'uuid' in answer) return answer;
  return 'data' in answer ? answer.data : answer;
}

function unreadable({ method, pathname }: Call, what: string, isForeign: boolean): ServiceError {
  const request = `${method} ${pathname}`;
  return new ServiceError({
    trouble: 'unreadable',
    request,
    detail: `the response ${what}`,
    isForeign,
  });
}

function documentedForm({ issues }: z.core.$ZodError): string {
  const places = issues.map(({ path }) => (path.length === 0 ? 'the whole' : path.join('.')));
  return `the form that the API documents (${places.join(', ')})`;
}
