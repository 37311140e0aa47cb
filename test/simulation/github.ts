import type { SendToGitHub } from '../../src/github/octokit.ts';
import { dataIn, refusal, toRequest } from '../github/in-process.ts';
import {
  answerOf,
  createGitHubModel,
  type GitHubModel,
  type ModelRequest,
} from '../github/model.ts';
import type { Timeline } from './clock.ts';
import type { Dice } from './dice.ts';
import type { Process } from './process.ts';

/** A request that changed something at GitHub: a status that was set, or a workflow started. */
export interface Change {
  readonly by: string;
  readonly kind: 'status' | 'dispatch';
  readonly jobUuid: string;
  /** Of a status: `pending`, or how it was finished. */
  readonly state: string;
  readonly atMs: number;
}

/** GitHub, as checks see it in made-up time. */
export interface SimulatedGitHub {
  readonly model: GitHubModel;
  /** In the order in which they were taken. */
  readonly changes: readonly Change[];
  readonly connect: (process: Process) => SendToGitHub;
}

const latencyMs = 100;

/** @param blips how likely a request is to go wrong, taken or not */
export function createSimulatedGitHub(
  timeline: Timeline,
  blips: number,
  dice: Dice,
): SimulatedGitHub {
  const model = createGitHubModel();
  const changes: Change[] = [];
  const take = (by: string, request: ModelRequest) => {
    const answer = answerOf(model, request);
    const change = answer.status < 300 ? changeOf(request) : null;
    if (change !== null) changes.push({ by, ...change, atMs: timeline.now() });
    return answer;
  };
  return {
    model,
    changes,
    connect: (process) => async (route, parameters) =>
      process.waitFor(({ resolve, reject }) => {
        const request = toRequest(route, parameters);
        const blip = dice.chance(blips) ? dice.pick(['lost', 'unanswered', 'limited']) : null;
        // Once it has left, it arrives, whatever becomes of its sender.
        timeline.after(latencyMs / 2, () => {
          const answer =
            blip === null || blip === 'unanswered' ? take(process.name, request) : null;
          timeline.after(latencyMs / 2, () => {
            if (blip === 'limited') reject(refusal(403, { 'retry-after': '5' }));
            else if (answer === null || blip !== null) reject(refusal(502));
            else if (answer.status >= 300) reject(refusal(answer.status));
            else resolve(dataIn(route, answer.body));
          });
        });
      }),
  };
}

// The context of a status that is set here ends with the job's UUID.
function changeOf({ pathname, body }: ModelRequest) {
  if (pathname.endsWith('/dispatches')) {
    const inputs = body['inputs'] as Readonly<Record<string, string>>;
    return { kind: 'dispatch', jobUuid: inputs['job-uuid'] ?? '', state: '' } as const;
  }
  if (!pathname.includes('/statuses/')) return null;
  const jobUuid = String(body['context']).slice(-36);
  return { kind: 'status', jobUuid, state: String(body['state']) } as const;
}
