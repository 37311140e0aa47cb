import type { CookInputs } from '../inputs/cook.ts';
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

/** The plan of a step that follows from its inputs alone. */
export function planOf(inputs: SharedInputs): StepPlan {
  return {
    apiUrl: inputs['api-url'],
    keys: { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] },
    timeoutMs: inputs.timeout,
    pollInterval: inputs['poll-interval'],
    waitUntil: inputs['wait-until'],
    policy: {
      onTimeout: inputs['on-timeout'],
      onWorkflowCancel: inputs['on-workflow-cancel'],
      onJobEnd: 'keep',
    },
    goalResult: 'running',
    failFast: inputs['fail-fast'],
    logs: inputs.logs,
  };
}
