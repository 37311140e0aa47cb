import { noRunData, type Outcome, type JobRef } from '../jobs/records.ts';

/** A job that was given by its UUID. */
export type GivenJob = JobRef & { readonly jobUuid: string };

/** What is known of a job that was given by its UUID. */
export function givenJob(jobUuid: string, index: number): GivenJob {
  return { index, jobUuid, recipeUuid: null, title: null, namesRegions: false };
}

/** The outcome of a job that was given by its UUID, and of which the service told nothing. */
export function unknownOutcome(subject: JobRef, change: Partial<Outcome>): Outcome {
  return {
    subject,
    ...noRunData,
    origin: 'given',
    job: null,
    submittedAtMs: null,
    timeline: [],
    ending: null,
    result: 'error',
    error: null,
    ...change,
  };
}
