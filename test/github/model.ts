// What GitHub knows of one repository, and how it answers for it: runs and their attempts, commit
// statuses, dispatches, and what a token may do. It takes what GitHub takes, and refuses the rest.

/** A workflow run, with its latest attempt. */
export interface ModelRun {
  readonly id: number;
  readonly run_attempt: number;
  readonly status: string;
  /** ISO date-times. */
  readonly created_at: string;
  readonly run_started_at: string;
  readonly updated_at: string;
}

/** A workflow that was started through the API. */
export interface ModelDispatch {
  readonly workflow: string;
  readonly ref: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** A commit status, as it was set. */
export interface ModelStatus {
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string;
  readonly target_url: string | null;
}

/** What a token may do. */
export interface Permissions {
  readonly actions: 'none' | 'read' | 'write';
  readonly statuses: 'none' | 'read' | 'write';
  /** To read commits by GraphQL. */
  readonly contents: 'none' | 'read';
}

export interface GitHubModel {
  readonly repository: string;
  readonly defaultBranch: string;
  permissions: Permissions;
  readonly runs: Map<number, ModelRun>;
  /** All that were set, oldest first. */
  readonly statuses: ModelStatus[];
  readonly dispatches: ModelDispatch[];
  /** Head commits of the pull requests, by their numbers. */
  readonly pulls: Map<number, string>;
  /** Files of workflows that can be dispatched. */
  readonly workflows: Set<string>;
}

const allPermissions: Permissions = { actions: 'write', statuses: 'write', contents: 'read' };

export function createGitHubModel(repository = 'acme/renders'): GitHubModel {
  return {
    repository,
    defaultBranch: 'trunk',
    permissions: allPermissions,
    runs: new Map(),
    statuses: [],
    dispatches: [],
    pulls: new Map(),
    workflows: new Set(['deploy.yml']),
  };
}

/** Adds a run, or a later attempt of it; one that is over has been for so many minutes. */
export function addRun(
  model: GitHubModel,
  id: number,
  status: string,
  { attempt = 1, minutesAgo = 60 }: { attempt?: number; minutesAgo?: number } = {},
): void {
  const at = new Date(Date.now() - minutesAgo * 60_000).toISOString();
  const times = { created_at: at, run_started_at: at, updated_at: at };
  model.runs.set(id, { id, run_attempt: attempt, status, ...times });
}

/** The latest status of each context of a commit. */
export function latestStatuses(model: GitHubModel, sha: string): readonly ModelStatus[] {
  const ofCommit = model.statuses.filter((status) => status.sha === sha);
  return [...new Map(ofCommit.map((status) => [status.context, status])).values()];
}

export interface ModelRequest {
  readonly method: string;
  /** Without the path of an Enterprise Server's API. */
  readonly pathname: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ModelAnswer {
  readonly status: number;
  readonly body: unknown;
}

type Handler = (model: GitHubModel, request: ModelRequest, parts: readonly string[]) => ModelAnswer;

const routes: readonly (readonly [string, RegExp, Handler])[] = [
  ['GET', /^\/repos\/([\w.-]+\/[\w.-]+)$/, readRepository],
  ['GET', /^\/repos\/([\w.-]+\/[\w.-]+)\/actions\/runs$/, listRuns],
  ['GET', /^\/repos\/([\w.-]+\/[\w.-]+)\/actions\/runs\/(\d+)$/, readRun],
  ['GET', /^\/repos\/([\w.-]+\/[\w.-]+)\/commits\/([0-9a-f]{40})\/status$/, readCombinedStatus],
  ['GET', /^\/repos\/([\w.-]+\/[\w.-]+)\/pulls\/(\d+)$/, readPull],
  ['POST', /^\/repos\/([\w.-]+\/[\w.-]+)\/statuses\/([0-9a-f]{40})$/, createStatus],
  [
    'POST',
    /^\/repos\/([\w.-]+\/[\w.-]+)\/actions\/workflows\/([\w.-]+)\/dispatches$/,
    createDispatch,
  ],
  ['POST', /^(\/(?:api\/)?graphql)$/, queryStatuses],
];

/** Answers a request as GitHub would. */
export function answerOf(model: GitHubModel, request: ModelRequest): ModelAnswer {
  for (const [method, path, handle] of routes) {
    const match = path.exec(request.pathname);
    if (match === null || method !== request.method) continue;
    const [, place = '', ...parts] = match;
    const isHere = place.endsWith('graphql') || place === model.repository;
    return isHere ? handle(model, request, parts) : notFound;
  }
  return notFound;
}

const refusal = (status: number, message: string): ModelAnswer => ({ status, body: { message } });
const notFound = refusal(404, 'Not Found');
const forbidden = refusal(403, 'Resource not accessible by integration');

function readRepository({ defaultBranch }: GitHubModel): ModelAnswer {
  return { status: 200, body: { default_branch: defaultBranch } };
}

function listRuns({ permissions, runs }: GitHubModel, { query }: ModelRequest): ModelAnswer {
  if (permissions.actions === 'none') return forbidden;
  const status = query.get('status');
  const found = [...runs.values()].filter((run) => status === null || run.status === status);
  const newestFirst = found.toSorted((a, b) => b.created_at.localeCompare(a.created_at));
  const size = Math.min(100, Number(query.get('per_page') ?? 30));
  const from = (Number(query.get('page') ?? 1) - 1) * size;
  // No more of a filtered list is given.
  const shown = newestFirst.slice(0, 1_000).slice(from, from + size);
  return { status: 200, body: { total_count: found.length, workflow_runs: shown } };
}

function readRun(
  { permissions, runs }: GitHubModel,
  _: ModelRequest,
  [id]: readonly string[],
): ModelAnswer {
  if (permissions.actions === 'none') return forbidden;
  const run = runs.get(Number(id));
  return run === undefined ? notFound : { status: 200, body: run };
}

function readPull(
  { pulls }: GitHubModel,
  _: ModelRequest,
  [number]: readonly string[],
): ModelAnswer {
  const sha = pulls.get(Number(number));
  return sha === undefined ? notFound : { status: 200, body: { number, head: { sha } } };
}

function readCombinedStatus(
  model: GitHubModel,
  { query }: ModelRequest,
  [sha = '']: readonly string[],
): ModelAnswer {
  if (model.permissions.statuses === 'none') return forbidden;
  const size = Math.min(100, Number(query.get('per_page') ?? 30));
  const from = (Number(query.get('page') ?? 1) - 1) * size;
  const statuses = latestStatuses(model, sha).slice(from, from + size);
  return { status: 200, body: { sha, statuses } };
}

function createStatus(
  model: GitHubModel,
  { body }: ModelRequest,
  [sha = '']: readonly string[],
): ModelAnswer {
  if (model.permissions.statuses !== 'write') return forbidden;
  const { state, context, description } = body as unknown as ModelStatus;
  const url = typeof body['target_url'] === 'string' ? body['target_url'] : null;
  const isFine =
    ['pending', 'success', 'failure', 'error'].includes(state) &&
    isShort(context, 255) &&
    isShort(description, 140) &&
    (url === null || /^https?:\/\/\S+$/.test(url));
  if (!isFine) return refusal(422, 'Validation Failed');
  model.statuses.push({ sha, state, context, description, target_url: url });
  return { status: 201, body: { state } };
}

// GitHub takes no character beyond the first plane.
function isShort(given: string, maxLength: number): boolean {
  return given !== '' && given.length <= maxLength && !/[\ud800-\udfff]/.test(given);
}

function createDispatch(
  model: GitHubModel,
  { body }: ModelRequest,
  [workflow = '']: readonly string[],
): ModelAnswer {
  if (model.permissions.actions !== 'write') return forbidden;
  if (!model.workflows.has(workflow)) return notFound;
  const { ref, inputs } = { inputs: {}, ...body } as unknown as Omit<ModelDispatch, 'workflow'>;
  const isText = Object.values(inputs).every((value) => typeof value === 'string');
  if (!ref || !isText) return refusal(422, 'Validation Failed');
  model.dispatches.push({ workflow, ref, inputs });
  return { status: 204, body: undefined };
}

function queryStatuses(model: GitHubModel, { body }: ModelRequest): ModelAnswer {
  const { contents, statuses } = model.permissions;
  const message = 'Resource not accessible by integration';
  const errors = [{ type: 'FORBIDDEN', message }];
  if (contents === 'none' || statuses === 'none') {
    return { status: 200, body: { data: null, errors } };
  }
  const commits = [...String(body['query']).matchAll(/(c\d+): object\(oid: "([0-9a-f]{40})"\)/g)];
  const members = commits.map(([, name = '', sha = '']) => {
    const contexts = latestStatuses(model, sha).map(
      ({ context, state, target_url: targetUrl }) => ({
        context,
        state: state.toUpperCase(),
        targetUrl,
      }),
    );
    const commit: unknown = { status: contexts.length === 0 ? null : { contexts } };
    return [name, commit] as const;
  });
  const repository: Record<string, unknown> = Object.fromEntries(members);
  return { status: 200, body: { data: { repository } } };
}
