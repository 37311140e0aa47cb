// The service's job statuses, and what each means to this action. The set is open: the guide names
// more than the reference, so a status that is not here is shown as it is and watched on.

/** What is known of one status. */
interface StatusMeaning {
  /** The job will never change again. */
  readonly isFinal: boolean;
  /** The job is on its way to an end that nobody wants to take over. */
  readonly isEnding: boolean;
}

const waiting: StatusMeaning = { isFinal: false, isEnding: false };
const ending: StatusMeaning = { isFinal: false, isEnding: true };
const final: StatusMeaning = { isFinal: true, isEnding: false };

const meanings: ReadonlyMap<string, StatusMeaning> = new Map([
  ['PENDING', waiting],
  ['ASSIGNED', waiting],
  ['PREPARING', waiting],
  ['RUNNING', waiting],
  ['CANCELLING', ending],
  ['FAILING', ending],
  ['COMPLETED', final],
  ['FAILED', final],
  ['CANCELLED', final],
]);

/** Whether a job with this status will never change again. */
export function isFinal(status: string): boolean {
  return meanings.get(status)?.isFinal ?? false;
}

/** Whether a job with this status is being ended, though it has not ended yet. */
export function isEnding(status: string): boolean {
  return meanings.get(status)?.isEnding ?? false;
}
