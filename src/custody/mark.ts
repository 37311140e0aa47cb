import type { Job } from '../service/schemas.ts';
import type { RunRef } from '../inputs/context.ts';
import type { CookInputs } from '../inputs/cook.ts';

// What stands at the end of the description of each job that is cooked: first which workflow run
// cooked it, for `check`, then the mark that the step finds it by.
// `[github.com/acme/renders 1234 987654.2 <commit> end Nightly%20render] [cook-<hash>-<nonce>]`

/**
 * Whether a job may outlive the attempt of the workflow run that cooked it:
 * - `keep`: it may
 * - `server`: it may if its task is PERSISTENT, which only the recipe may say
 * - `end`: it may not
 */
export type Lifetime = 'keep' | 'server' | 'end';

/** What the mark says of a job, beside its hash and nonce. */
export interface JobMark extends RunRef {
  readonly lifetime: Lifetime;
  /** Whether a later attempt of the run may take the job over. */
  readonly mayBeAttached: boolean;
}

type LifetimeInputs = Pick<
  CookInputs,
  'wait' | 'wait-until' | 'on-timeout' | 'on-workflow-cancel' | 'on-job-end' | 'on-rerun'
>;

/** What the inputs of a cook say about how long its jobs may live. */
export function getLifetime(inputs: LifetimeInputs): Lifetime {
  if (inputs['on-job-end'] === 'cancel') return 'end';
  const waitUntil = inputs['wait-until'] ?? 'completed';
  const mayBeLeft =
    !inputs.wait ||
    waitUntil !== 'completed' ||
    inputs['on-timeout'] !== 'cancel' ||
    inputs['on-workflow-cancel'] !== 'cancel';
  return mayBeLeft ? 'keep' : 'server';
}

// The service's limit is documented nowhere. The user's text gives way, since a mark that is cut
// is none.
const maxDescription = 2_000;

/**
 * A description that ends with the marks, whole however long the text is.
 * @param mark hash and nonce
 * @param run null outside of GitHub
 */
export function describeWithMark(
  text: string,
  mark: string,
  inputs: LifetimeInputs,
  run: RunRef | null,
): string {
  const origin = run === null ? '' : `${formatOrigin(run, inputs)} `;
  const end = ` ${origin}[${mark}]`;
  const room = maxDescription - end.length;
  if (text.length <= room) return text + end;
  return `${text.slice(0, room - 1).replace(/[\ud800-\udbff]$/, '')}…${end}`;
}

// Encoded, a character takes up to nine: enough to know a workflow by.
const maxWorkflow = 40;

function formatOrigin(run: RunRef, inputs: LifetimeInputs): string {
  const workflow = encodeURIComponent(run.workflow.slice(0, maxWorkflow).toWellFormed());
  const later = inputs['on-rerun'] === 'attach' ? '+' : '';
  return `[${[
    `${run.server}/${run.repository}`,
    run.repositoryId || '-',
    `${run.runId}.${run.runAttempt}${later}`,
    run.sha || '-',
    getLifetime(inputs),
    workflow,
  ].join(' ')}]`;
}

/** Whether a job carries this mark: that of one entry of one step, nonce and all. */
export function carriesMark({ description }: Job, mark: string): boolean {
  return description?.includes(`[${mark}]`) ?? false;
}

// Longer than any marks, and short for a pattern to look through.
const maxMarks = 1_000;
const marksPattern =
  /(?:\[([\w.:-]+)\/([\w.-]+\/[\w.-]+) (\d+|-) (\d+)\.(\d+)(\+?) ([0-9a-f]+|-) (keep|server|end) ([^\s\]]*)\] )?\[(cook-[0-9a-f]{32})-([0-9a-f]+)\]\s*$/;

// At the very end: what a user's text says before them counts for nothing.
function matchMarks({ description }: Pick<Job, 'description'>): readonly (string | undefined)[] {
  return marksPattern.exec((description ?? '').slice(-maxMarks)) ?? [];
}

/** The hash and nonce that a job was cooked with; null where it has none. */
export function readHashAndNonce(job: Job): { hash: string; nonce: string } | null {
  const [hash, nonce = ''] = matchMarks(job).slice(10);
  return hash === undefined ? null : { hash, nonce };
}

/** Reads the mark of a job; null where it has none, or one of an earlier version of this action. */
export function readMark(job: Pick<Job, 'description'>): JobMark | null {
  const match = matchMarks(job);
  const [, server, repository = '', id = '', runId = '', attempt = ''] = match;
  if (server === undefined) return null;
  const [later, sha = '', lifetime, workflow = ''] = match.slice(6);
  return {
    server,
    repository,
    repositoryId: id === '-' ? '' : id,
    runId,
    runAttempt: Number(attempt),
    sha: sha === '-' ? '' : sha,
    workflow: decodeText(workflow),
    lifetime: lifetime === 'keep' || lifetime === 'server' ? lifetime : 'end',
    mayBeAttached: later === '+',
  };
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether a job may run on when the attempt of the run that cooked it is over. */
export function mayOutlive({ lifetime }: JobMark, { task }: Pick<Job, 'task'>): boolean {
  return lifetime === 'keep' || (lifetime === 'server' && task === 'PERSISTENT');
}

/**
 * Whether a job was cooked by this repository. Its number stays when it is renamed, and is its own
 * on each server; a name may be given to another repository later.
 */
export function isOfRepository(mark: JobMark, here: RunRef): boolean {
  if (mark.server !== here.server) return false;
  if (mark.repositoryId !== '' && here.repositoryId !== '') {
    return mark.repositoryId === here.repositoryId;
  }
  return mark.repository.toLowerCase() === here.repository.toLowerCase();
}
