import * as z from 'zod/mini';
import { GitHubError } from '../errors.ts';
import type { GitHub } from './client.ts';

const time = z.catch(z.nullable(z.string()), null);

const runSchema = z.object({
  id: z.number(),
  status: z.catch(z.nullable(z.string()), null),
  run_attempt: z.catch(z.number(), 1),
  /** When its latest attempt started. */
  run_started_at: time,
  updated_at: time,
});

/** A workflow run as GitHub describes it, with its latest attempt. */
export interface WorkflowRun {
  readonly id: string;
  readonly isOver: boolean;
  /** From 1. */
  readonly attempt: number;
  /** When its latest attempt started, Unix ms; null where that is not known. */
  readonly startedAtMs: number | null;
  /** When it last changed, Unix ms: the end of one that is over. */
  readonly updatedAtMs: number | null;
}

const pageSize = 100;
// GitHub gives no more of a filtered list than 1,000.
const maxPages = 10;

// All that a run may be before it is over.
const openStatuses = ['in_progress', 'queued', 'waiting', 'pending', 'requested'];

/** The runs that are not over, by their ids: a request for each status, not for each run. */
export async function listOpenRuns(github: GitHub): Promise<ReadonlyMap<string, WorkflowRun>> {
  const lists = await Promise.all(
    openStatuses.map(async (status) => listRuns(github, status, () => false)),
  );
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
  const missing = () => ids.filter((id) => !found.has(id));
  if (ids.length > maxSingleReads) {
    const hasAll = (runs: readonly WorkflowRun[]) => {
      for (const run of runs) if (ids.includes(run.id)) found.set(run.id, run);
      return missing().length === 0;
    };
    await listRuns(github, 'completed', hasAll);
  }
  const singly = missing().slice(0, maxSingleReads);
  await Promise.all(singly.map(async (id) => found.set(id, await readRun(github, id))));
  return found;
}

async function listRuns(
  github: GitHub,
  status: string,
  isEnough: (runs: readonly WorkflowRun[]) => boolean,
): Promise<readonly WorkflowRun[]> {
  const runs: WorkflowRun[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const query = { status, per_page: pageSize, page };
    const { workflow_runs: members } = await github.read(runListSchema, listRoute, query);
    const read = members.flatMap((member) => {
      const parsed = runSchema.safeParse(member);
      return parsed.success ? [toRun(parsed.data)] : [];
    });
    runs.push(...read);
    if (members.length < pageSize || isEnough(read)) break;
  }
  return runs;
}

const listRoute = 'GET /repos/{owner}/{repo}/actions/runs';
const runListSchema = z.object({ workflow_runs: z.array(z.unknown()) });

async function readRun(github: GitHub, id: string): Promise<WorkflowRun | 'gone'> {
  try {
    const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}';
    return toRun(await github.read(runSchema, route, { run_id: id }));
  } catch (error) {
    // That the token may read runs is known by now.
    if (error instanceof GitHubError && error.status === 404) return 'gone';
    throw error;
  }
}

function toRun(run: z.infer<typeof runSchema>): WorkflowRun {
  return {
    id: String(run.id),
    isOver: run.status === 'completed',
    attempt: run.run_attempt,
    startedAtMs: msOf(run.run_started_at),
    updatedAtMs: msOf(run.updated_at),
  };
}

function msOf(text: string | null): number | null {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? null : ms;
}
