import { isUuid } from '../api/schemas.ts';

// The address that a pending commit status leads to: the workflow run's page, and after `#`, which
// GitHub's page does not mind, the job it stands for. It is how `check` knows which status is whose.

/** Whose status is pending. */
export interface Pending {
  readonly jobUuid: string;
  /** Whether no step watches the job any more: then nobody but `check` ends the status. */
  readonly isLeft: boolean;
}

/** @param runUrl address of the workflow run's page */
export function pendingUrl(runUrl: string, { jobUuid, isLeft }: Pending): string {
  return `${runUrl}#dispersed-${isLeft ? 'left' : 'job'}-${jobUuid}`;
}

/** Reads such an address; null for any other. */
export function readPendingUrl(url: string | null): (Pending & { readonly runId: string }) | null {
  const match = /\/actions\/runs\/(\d+)#dispersed-(job|left)-([0-9a-f-]{36})$/.exec(url ?? '');
  const [, runId = '', kind, jobUuid = ''] = match ?? [];
  return isUuid(jobUuid) ? { runId, jobUuid, isLeft: kind === 'left' } : null;
}
