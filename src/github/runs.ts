import * as z from 'zod/mini';
import { GitHubError } from '../errors.ts';
import type { GitHub } from './client.ts';

const time = z.catch(z.nullable(z.pipe(z.iso.datetime({ offset: true }), z.transform(toMs))), null);

function toMs(text: string): number {
  return Date.parse(text);
}

const runSchema = z.pipe(
  z.object({
    id: z.number(),
    status: z.catch(z.nullable(z.string()), null),
    run_attempt: z.catch(z.number(), 1),
    run_started_at: time,
    updated_at: time,
  }),
  z.transform((run) => ({
    id: String(run.id),
    isOver: run.status === 'completed',
    /** From 1. */
    attempt: run.run_attempt,
    /** When its latest attempt started, Unix ms; null where that is not known. */
    startedAtMs: run.run_started_at,
    /** When it last changed, Unix ms: the end of one that is over. */
    updatedAtMs: run.updated_at,
  })),
);

/** A workflow run, with its latest attempt. */
export type WorkflowRun = Readonly<z.output<typeof runSchema>>;

const pageSize = 100;
// GitHub gives no more of a filtered list than 1,000.
const maxPages = 10;

// All that a run may be before it is over.
const openStatuses = ['in_progress', 'queued', 'waiting', 'pending', 'requested'];

/** The runs that are not over, by their ids: a request for each status, not for each run. */
export async function listOpenRuns(github: GitHub): Promise<ReadonlyMap<string, WorkflowRun>> {
  const lists = await Promise.all(openStatuses.map(async (status) => listRuns(github, status)));
  const open = lists.flat().filter(({ isOver }) => !isOver);
  return new Map(open.map((run) => [run.id, run]));
}

// From so many on, pages of a list are fewer requests.
const maxSingleReads = 20;

/**
 * Reads runs by their ids; `gone` is one that GitHub does not know any more. Those that would take
 * too many requests are left out.
 */
export async function readRuns(
  github: GitHub,
  ids: readonly string[],
): Promise<ReadonlyMap<string, WorkflowRun | 'gone'>> {
  const found = new Map<string, WorkflowRun | 'gone'>();
  const getMissing = () => ids.filter((id) => !found.has(id));
  if (ids.length > maxSingleReads) {
    await listRuns(github, 'completed', (runs) => {
      for (const run of runs) if (ids.includes(run.id)) found.set(run.id, run);
      return getMissing().length === 0;
    });
  }
  const singly = getMissing().slice(0, maxSingleReads);
  await Promise.all(singly.map(async (id) => found.set(id, await readRun(github, id))));
  return found;
}

const listSchema = z.object({ workflow_runs: z.array(z.unknown()) });

/** @param isEnough given each page, whether the next ones are needed no more */
async function listRuns(
  github: GitHub,
  status: string,
  isEnough: (runs: readonly WorkflowRun[]) => boolean = () => false,
): Promise<readonly WorkflowRun[]> {
  const all: WorkflowRun[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const query = { status, per_page: pageSize, page };
    const route = 'GET /repos/{owner}/{repo}/actions/runs';
    const { workflow_runs: members } = await github.read(listSchema, route, query);
    const runs = members.flatMap((member) => runSchema.safeParse(member).data ?? []);
    all.push(...runs);
    if (members.length < pageSize || isEnough(runs)) break;
  }
  return all;
}

async function readRun(github: GitHub, id: string): Promise<WorkflowRun | 'gone'> {
  try {
    const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}';
    return await github.read(runSchema, route, { run_id: id });
  } catch (error) {
    // That the token may read runs is known by now.
    if (error instanceof GitHubError && error.status === 404) return 'gone';
    throw error;
  }
}
