import { isUuid } from '../service/schemas.ts';

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

/** What such an address says. */
export interface ReadPending extends Pending {
  readonly runId: string;
  /** What stands before the `#`: it becomes the address of the status that follows. */
  readonly runUrl: string;
}

// Whoever may set a status may set any: what a browser would not take for an address is none of ours.
const pattern =
  /^(https?:\/\/[!-"$-~]+\/actions\/runs\/(\d+))#dispersed-(job|left)-([0-9a-f-]{36})$/;

/** Reads such an address; null for any other. */
export function readPendingUrl(url: string | null): ReadPending | null {
  const [, runUrl = '', runId = '', kind, jobUuid = ''] = pattern.exec(url ?? '') ?? [];
  return isUuid(jobUuid) ? { runUrl, runId, jobUuid, isLeft: kind === 'left' } : null;
}
