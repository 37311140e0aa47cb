import * as z from 'zod/mini';
import { GitHubError } from '../errors.ts';
import type { GitHub } from './client.ts';

const text = z.catch(z.nullable(z.string()), null);

const runSchema = z.object({
  id: z.pipe(z.number(), z.transform(String)),
  status: text,
  /** From 1. */
  run_attempt: z.catch(z.number(), 1),
  /** When its latest attempt started. */
  run_started_at: text,
  /** When it last changed: the end of one that is over. */
  updated_at: text,
});

const listSchema = z.object({ workflow_runs: z.array(z.unknown()) });

type WorkflowRun = z.output<typeof runSchema>;

const pageSize = 100;
const maxPages = 10;
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
    // That the token may read runs is known from the list: GitHub no longer knows it, or not yet.
    if (!(error instanceof GitHubError) || error.status !== 404) throw error;
    const unknown = { run_attempt: Infinity, run_started_at: null, updated_at: null };
    return { id, status: 'completed', ...unknown };
  }
}
