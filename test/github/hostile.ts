import { json } from 'node:stream/consumers';
import type { Dice } from '../simulation/dice.ts';
import { listen, type Listener } from '../simulator/listener.ts';
import {
  createHostileWords,
  drawFaultRate,
  drawHeaders,
  sendBroken,
  sendInPieces,
} from '../support/hostile-text.ts';

/** What GitHub's answers are about, and repeat. */
export interface HostileGitHubOptions {
  readonly told: ReadonlySet<string>;
  readonly jobUuid: string;
  /** The workflow run that cooked the job, and its commit. */
  readonly runId: string;
  readonly runUrl: string;
  readonly sha: string;
}

/** GitHub's API, with answers that are drawn, each made to hurt. */
export interface HostileGitHub extends Listener {
  /** All texts that it was sent, but those that it gave before. */
  readonly sent: readonly string[];
}

const statuses = [200, 302, 401, 403, 404, 409, 422, 429, 500, 503];

/** Opens it. */
export async function startHostileGitHub(
  options: HostileGitHubOptions,
  dice: Dice,
): Promise<HostileGitHub> {
  const sent: string[] = [];
  const given = new Set<string>();
  const answerTo = createAnswers(options, dice, given);
  const { fault } = createHostileWords(dice, options.told);
  const faultRate = drawFaultRate(dice);
  // Whom a pending status waits for may change, behind the `#` of an address that was given.
  const isNew = (each: string) => !given.has(each.replace(/#dispersed-.*/, ''));
  const listener = await listen((request, response) => {
    void json(request)
      .catch(() => null)
      .then((body) => {
        if (dice.chance(0.02)) {
          sendBroken(response, fault(), dice);
          return;
        }
        if (request.method === 'POST') sent.push(...textsIn(body).filter(isNew));
        const isFault = dice.chance(faultRate);
        response.statusCode = isFault ? dice.pick(statuses) : 200;
        const text = isFault ? fault() : JSON.stringify(answerTo(request.method, request.url));
        sendInPieces(response, Buffer.from(text), headersOf(dice), dice);
      });
  }, 0);
  return { ...listener, sent };
}

function headersOf(dice: Dice) {
  return {
    ...drawHeaders(dice),
    // GitHub's client reads no other as JSON.
    ...(dice.chance(0.99) && { 'content-type': 'application/json' }),
    ...(dice.chance(0.01) && { 'content-encoding': 'gzip' }),
    ...(dice.chance(0.1) && { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1e99' }),
    ...(dice.chance(0.1) && { deprecation: 'true', link: '<::error::x>; rel="next"' }),
  };
}

function createAnswers(options: HostileGitHubOptions, dice: Dice, given: Set<string>) {
  const { text, any } = createHostileWords(dice, options.told);
  const give = (each: string) => {
    given.add(each);
    return each;
  };
  const runStatus = dice.pick(['completed', 'in_progress', text()]);
  const run = () => ({
    id: dice.weighted<unknown>([9, Number(options.runId)], [1, any()]),
    status: runStatus,
    run_attempt: dice.pick<unknown>([1, any()]),
    run_started_at: dice.pick(['2026-01-01T00:00:00Z', text()]),
    updated_at: dice.pick(['2026-01-01T00:00:00Z', text()]),
  });
  const status = () => {
    const kind = dice.pick(['job', 'left']);
    const link = give(
      dice.pick([
        options.runUrl,
        `${dice.pick(['https://', ''])}${text()}/actions/runs/${options.runId}`,
      ]),
    );
    const url = `${link}#dispersed-${kind}-${options.jobUuid}`;
    const context = give(`dispersed / ${text()}`);
    return { context, state: 'pending', target_url: url, targetUrl: url, description: text() };
  };
  return (method = '', url = ''): unknown => {
    if (method === 'POST' && !url.includes('graphql')) return any();
    const found = [status(), status(), any()];
    return {
      default_branch: give(text()),
      total_count: any(),
      workflow_runs: [run(), run(), any()],
      ...run(),
      sha: options.sha,
      statuses: dice.chance(0.9) ? found.slice(0, 2) : found,
      data: { repository: { c0: { status: { contexts: found.slice(0, 2) } } } },
    };
  };
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
