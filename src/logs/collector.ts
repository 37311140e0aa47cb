import type { Job } from '../api/schemas.ts';
import { noRunData, type RunData, type SubmittedJob } from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
export type LogMode = 'stream' | 'on-failure' | 'none';
export interface LogCollector {
  readonly open: (job: SubmittedJob) => JobLog;
}
export interface JobLog {
  readonly onLook: (job: Job) => void;
  readonly untilReachable: (maxMs: number, signal: AbortSignal) => Promise<void>;
  readonly close: (
    result: Result,
    options: { readonly reads: boolean; readonly signal: AbortSignal },
  ) => Promise<RunData>;
}
export function createLogCollector(_o: object): LogCollector {
  return {
    open: () => ({
      onLook: () => {},
      untilReachable: async () => {},
      close: async () => noRunData,
    }),
  };
}
