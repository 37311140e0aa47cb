import * as z from 'zod/mini';
import type { GitHub } from './client.ts';

const repositorySchema = z.object({ default_branch: z.string() });

/** The name of the repository's default branch. */
export async function readDefaultBranch(github: GitHub): Promise<string> {
  const repository = await github.read(repositorySchema, 'GET /repos/{owner}/{repo}');
  return repository.default_branch;
}

/** Starts a workflow by the name of its file. Not sent again where it may have been started. */
export async function dispatchWorkflow(
  github: GitHub,
  workflow: string,
  ref: string,
  inputs: Readonly<Record<string, string>>,
): Promise<void> {
  const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches';
  await github.send(route, { workflow_id: workflow, ref, inputs }, false);
}
