import * as z from 'zod/mini';
import { parseAnswer, type GitHub } from './client.ts';
import type { Repository } from './runs.ts';

const repositorySchema = z.object({ default_branch: z.string() });

/** The name of the repository's default branch. */
export async function readDefaultBranch(github: GitHub, repository: Repository): Promise<string> {
  const route = 'GET /repos/{owner}/{repo}';
  const answer = await github.request(route, { ...repository });
  return parseAnswer(repositorySchema, answer, route).default_branch;
}

/** What a workflow is started with. */
export interface Dispatch {
  /** Name of the workflow's file. */
  readonly workflow: string;
  readonly ref: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** Starts a workflow. Not sent again where it may have been started. */
export async function dispatchWorkflow(
  github: GitHub,
  repository: Repository,
  { workflow, ref, inputs }: Dispatch,
): Promise<void> {
  const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches';
  await github.request(route, { ...repository, workflow_id: workflow, ref, inputs }, false);
}
