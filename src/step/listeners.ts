import type { Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import type { Job } from '../service/schemas.ts';

/** Told of what happens to the jobs of a step: the log, the early outputs, the commit status. */
export interface StepListener {
  readonly submitted?: (job: SubmittedJob) => void;
  readonly statusChanged?: (job: SubmittedJob, change: StatusChange, seen: Job) => void;
  readonly ended?: (outcome: Outcome) => void;
}
