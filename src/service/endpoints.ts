import * as z from 'zod/mini';
import { ServiceError } from '../errors.ts';
import { cut, stripInvisible } from '../text.ts';
import type { Call, Client } from './client.ts';
import { isMapping, type JsonMapping } from './json.ts';
import type { Redactor } from './redactor.ts';
import {
  jobRunSchema,
  jobRunWithLogSchema,
  jobSchema,
  knownWords,
  ledgerTransactionSchema,
  listSchema,
  offerSchema,
  recipeSchema,
  runTokenSchema,
  type Job,
} from './schemas.ts';

/** The body of a cook: every field optional, each overrides the recipe's. */
export type CookBody = JsonMapping;

export interface Page<T> {
  readonly items: readonly T[];
  /** How many members it has, those that cannot be read included. */
  readonly size: number;
  /** How many there are on all pages, where the service says so. */
  readonly total: number | undefined;
}

/** Most entries the service gives in one page. */
export const pageLimit = 50;

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
  return readOne(client, { method: 'POST', pathname, body, signal, ended }, jobSchema, null);
}

/** Reads a recipe, its stored cook fields included. */
export async function readRecipe(client: Client, recipeUuid: string, signal?: AbortSignal) {
  const call = { ...get(`/v1/job-recipes/${recipeUuid}`, signal), exactNumbers: true };
  const recipe = await readOne(client, call, recipeSchema, recipeUuid);
  client.redactor.addCredentialsOf(recipe);
  return recipe;
}

/** Reads one job. */
export async function readJob(client: Client, jobUuid: string, signal?: AbortSignal): Promise<Job> {
  return readOne(client, get(`/v1/jobs/${jobUuid}`, signal), jobSchema, jobUuid);
}

/** Reads one run and its log, which is empty where there is none. */
export async function readJobRun(client: Client, runUuid: string, signal?: AbortSignal) {
  const call = get(`/v1/job-runs/${runUuid}`, signal);
  const { logs: log, ...run } = await readOne(client, call, jobRunWithLogSchema, runUuid);
  return { run, log };
}

/**
 * Asks the service to stop a job.
 * @returns the job, perhaps still `CANCELLING`; null where the service accepts and says nothing of it
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
  // Any host may say so little. The job shows whether this one is the API.
  return client.host.isKnown() ? job : readJob(client, jobUuid, signal);
}

/** Lists a page of jobs; members that are no jobs are left out. */
export async function listJobs(client: Client, query: Call['query'], signal?: AbortSignal) {
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
 * Reads the access token of the newest run of a job, null where it has none: the password of the user
 * `duser` in the vendor's images. A secret: whoever reads it masks it first.
 */
export async function readAccessToken(client: Client, jobUuid: string, signal?: AbortSignal) {
  const [newest] = (await readPage(client, getRuns([jobUuid], 1, signal), runTokenSchema)).items;
  return newest ?? null;
}

/** Lists one page of offers, without those that have no price. */
export async function listOffers(client: Client, query: Call['query'], signal?: AbortSignal) {
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

function get(pathname: string, signal?: AbortSignal, query: Call['query'] = {}): Call {
  return { method: 'GET', pathname, query, signal };
}

function getRuns(jobUuids: readonly string[], page: number, signal?: AbortSignal): Call {
  const filter = { 'filter[job_uuid]': jobUuids.join(','), sort: '-created_at' };
  return get('/v1/job-runs', signal, { ...filter, page: String(page) });
}

async function ask<T>(client: Client, call: Call, read: (answer: unknown) => T): Promise<T> {
  try {
    return read(await client.send(call));
  } catch (error) {
    throw error instanceof ServiceError ? client.host.judge(error) : error;
  }
}

/** @throws ServiceError where the answer is about another one than `uuid`, if it is not null */
async function readOne<S extends z.core.$ZodType<{ readonly uuid: string }>>(
  client: Client,
  call: Call,
  schema: S,
  uuid: string | null,
) {
  return ask(client, call, (answer) => {
    const { data, error } = parseAnswer(client, schema, unwrap(answer));
    if (error !== undefined) throw unreadable(call, error);
    if (uuid === null || data.uuid === uuid.toLowerCase()) return data;
    throw unreadable(call, `is for another resource, ${data.uuid}`);
  });
}

async function readPage<S extends z.core.$ZodType>(
  client: Client,
  call: Call,
  schema: S,
): Promise<Page<z.output<S>>> {
  const query = { limit: String(pageLimit), ...call.query };
  const { total, data } = await ask(client, { ...call, query }, (answer) => {
    const list = listSchema.safeParse(Array.isArray(answer) ? { data: answer } : answer);
    if (!list.success) throw unreadable(call, list.error);
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

function parseAnswer<S extends z.core.$ZodType>(
  { redactor, host }: Client,
  schema: S,
  answer: unknown,
) {
  redactor.addEchoed(answer);
  const shown = isMapping(answer) ? redactShown(answer, redactor) : answer;
  const parsed = z.safeParse(schema, shown);
  if (parsed.success) host.answered();
  return parsed;
}

// In sentences the service may repeat what was sent. A GPU's name is no secret where `env` has it, too.
const sentences = ['status_reason', 'title'];
const shownNames = ['gpu_name', 'name', 'source_recipe_uuid', 'status', 'task'];
// They become outputs, of which a workflow job holds 1 MB.
const maxShown = 2_000;

// Known statuses and tasks, and all other texts, are compared, sent or used as they are.
function redactShown(answer: JsonMapping, redactor: Redactor): JsonMapping {
  const shown = { ...answer };
  for (const key of [...sentences, ...shownNames]) {
    const value = answer[key];
    if (typeof value !== 'string' || knownWords.test(value)) continue;
    const redact = sentences.includes(key) ? redactor.redactServiceText : redactor.redact;
    shown[key] = cut(redact(stripInvisible(value)), maxShown);
  }
  return shown;
}

// The documentation shows a bare resource, the vendor's client unwraps `data`.
function unwrap(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || 'uuid' in answer) return answer;
  return 'data' in answer ? answer.data : answer;
}

function unreadable({ method, pathname }: Call, why: z.core.$ZodError | string): ServiceError {
  const isForeign = typeof why !== 'string';
  const request = `${method} ${pathname}`;
  const detail = `the response ${isForeign ? differenceOf(why) : why}`;
  return new ServiceError({ trouble: 'unreadable', request, detail, isForeign });
}

function differenceOf({ issues }: z.core.$ZodError): string {
  const places = issues.map(({ path }) =>
    path.length === 0 ? 'the whole response' : path.join('.'),
  );
  return `does not match the API documentation (${places.join(', ')})`;
}
