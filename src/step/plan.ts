import type { Policy } from '../custody/facts.ts';
import { toAccess } from '../inputs/access.ts';
import type { CookInputs } from '../inputs/cook.ts';
import type { waitInputs } from '../inputs/tables.ts';
import type { Values } from '../inputs/read.ts';
import type { ReadyCheck } from '../jobs/records.ts';
import type { LogMode } from '../logs/collector.ts';
import { noCeilings, type Ceilings } from '../money/ceilings.ts';
import type { SshFolder } from '../ssh/folder.ts';
import type { PollInterval } from '../service/poll.ts';
import type { Access } from '../service/client.ts';

/** What is waited for. */
export type WaitUntil = 'completed' | 'running' | 'ready';

/** How a step talks to the service, for how long, and what it asks of its jobs. */
export interface StepPlan extends Access {
  /** Longest wait, in ms from the start of the step. */
  readonly timeoutMs: number;
  readonly pollInterval: PollInterval;
  /** undefined: by the task of the job. */
  readonly waitUntil: WaitUntil | undefined;
  readonly policy: Policy;
  /** Result of a job that has done what was asked for without having ended. */
  readonly goalResult: 'running' | 'submitted';
  /** What a server is asked to know whether it is ready; null where it is not. */
  readonly readyCheck: ReadyCheck | null;
  /** Where its jobs can be logged in to; null where they are not. */
  readonly ssh: SshFolder | null;
  readonly ceilings: Ceilings;
  /** Whether the first job that does not end well ends the wait for all. */
  readonly failFast: boolean;
  readonly logs: LogMode;
  /** With it, all jobs are canceled from the start, for this reason. */
  readonly cancelReason?: string;
}

/** What a step asks that only cancels: nothing of its jobs. */
export const cancelPlan = {
  pollInterval: 'auto',
  waitUntil: undefined,
  policy: { onTimeout: 'cancel', onWorkflowCancel: 'cancel', onJobEnd: 'keep' },
  goalResult: 'running',
  readyCheck: null,
  ssh: null,
  ceilings: noCeilings,
  failFast: false,
  logs: 'none',
} as const satisfies Partial<StepPlan>;

/** The inputs that cook and wait have in common, and those of cook alone. */
type PlanInputs = Omit<Values<typeof waitInputs>, 'job-uuids' | 'wait-until'> &
  Pick<CookInputs, 'wait-until'> &
  Partial<Pick<CookInputs, 'ready-check' | 'on-job-end'>>;

/** The plan of a step that follows from its inputs alone. */
export function createPlan(inputs: PlanInputs): StepPlan {
  return {
    ...cancelPlan,
    ...toAccess(inputs),
    timeoutMs: inputs.timeout,
    pollInterval: inputs['poll-interval'],
    waitUntil: inputs['wait-until'],
    policy: {
      onTimeout: inputs['on-timeout'],
      onWorkflowCancel: inputs['on-workflow-cancel'],
      onJobEnd: inputs['on-job-end'] ?? 'keep',
    },
    readyCheck: inputs['ready-check'] ?? null,
    failFast: inputs['fail-fast'],
    logs: inputs.logs,
  };
}
