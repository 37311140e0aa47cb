import { toAccess } from '../inputs/access.ts';
import type { CookInputs } from '../inputs/cook.ts';
import { noCeilings } from '../money/ceilings.ts';
import type { StepPlan } from './step.ts';

/** The inputs that cook and wait have in common. */
type SharedInputs = Pick<
  CookInputs,
  | 'api-url'
  | 'public-key'
  | 'secret-key'
  | 'timeout'
  | 'poll-interval'
  | 'wait-until'
  | 'on-timeout'
  | 'on-workflow-cancel'
  | 'fail-fast'
  | 'logs'
>;

/** Those of cook alone. */
type CookOnlyInputs = Partial<Pick<CookInputs, 'ready-check'>>;

/** The plan of a step that follows from its inputs alone. */
export function planOf(inputs: SharedInputs & CookOnlyInputs): StepPlan {
  return {
    ...toAccess(inputs),
    timeoutMs: inputs.timeout,
    pollInterval: inputs['poll-interval'],
    waitUntil: inputs['wait-until'],
    policy: {
      onTimeout: inputs['on-timeout'],
      onWorkflowCancel: inputs['on-workflow-cancel'],
      onJobEnd: 'keep',
    },
    goalResult: 'running',
    readyCheck: inputs['ready-check'] ?? null,
    failFast: inputs['fail-fast'],
    logs: inputs.logs,
    ceilings: noCeilings,
  };
}
