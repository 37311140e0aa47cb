import * as z from 'zod/mini';
import { GitHubError } from '../errors.ts';
import type { GitHub } from './client.ts';

const time = z.catch(
  z.pipe(
    z.iso.datetime({ offset: true }),
    z.transform((text): number | null => Date.parse(text)),
  ),
  null,
);

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

const listSchema = z.object({ workflow_runs: z.array(z.unknown()) });

type WorkflowRun = z.output<typeof runSchema>;

/** A run that GitHub no longer knows, or not yet. */
const gone = { isOver: true, attempt: Infinity, startedAtMs: null, updatedAtMs: null };

const pageSize = 100;
const maxPages = 10;
// With more of them, the next page of the list is fewer requests.
const maxSingleReads = 20;

/**
 * Reads runs by their ids, the newest from pages of the list, and the rest singly. Those that would
 * take too many requests are left out, the last ones first.
 */
export async function readRuns(
  github: GitHub,
  ids: readonly string[],
): Promise<ReadonlyMap<string, WorkflowRun>> {
  const found = new Map<string, WorkflowRun>();
  if (ids.length === 0) return found;
  const getMissing = () => [...new Set(ids)].filter((id) => !found.has(id));
  for (let page = 1; page <= maxPages; page += 1) {
    const route = 'GET /repos/{owner}/{repo}/actions/runs';
    const { workflow_runs: members } = await github.read(listSchema, route, {
      per_page: pageSize,
      page,
    });
    const runs = members.flatMap((member) => runSchema.safeParse(member).data ?? []);
    for (const run of runs) found.set(run.id, run);
    if (members.length < pageSize || getMissing().length <= maxSingleReads) break;
  }
  const singly = getMissing().slice(0, maxSingleReads);
  await Promise.all(singly.map(async (id) => found.set(id, await readRun(github, id))));
  return found;
}

async function readRun(github: GitHub, id: string): Promise<WorkflowRun> {
  try {
    const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}';
    return await github.read(runSchema, route, { run_id: id });
  } catch (error) {
    // That the token may read runs is known from the list.
    if (error instanceof GitHubError && error.status === 404) return { id, ...gone };
    throw error;
  }
}
