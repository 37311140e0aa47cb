import { json } from 'node:stream/consumers';
import type { Dice } from '../simulation/dice.ts';
import { listen, type Listener } from '../simulator/listener.ts';
import {
  createHostileWords,
  drawFaultRate,
  drawHeaders,
  sendBroken,
  sendInPieces,
} from './hostile-text.ts';

/** What the recipe and the job of the service hold, and its answers repeat. */
export interface HostileOptions {
  readonly recipeUuid: string;
  readonly jobUuid: string;
  /** The workflow run that cooked the job, and its commit. */
  readonly runId: string;
  readonly sha: string;
  /** Container parameters of the recipe, with its secrets. */
  readonly container: object;
  readonly containerSecrets: readonly string[];
  readonly token: string;
  /** What a cook is sent with. */
  readonly sentSecrets: readonly string[];
  /** Nobody can hide what is told before it is known: what was told so far is what is repeated. */
  readonly told: Set<string>;
}

const statuses = [200, 302, 400, 404, 408, 409, 422, 429, 500, 503];

/** Opens a service whose answers are drawn, each made to hurt. */
export async function startHostileService(options: HostileOptions, dice: Dice): Promise<Listener> {
  const answerTo = createAnswers(options, dice);
  const { fault } = createHostileWords(dice, options.told);
  const faultRate = drawFaultRate(dice);
  return listen((request, response) => {
    const { method = '', url = '' } = request;
    void json(request)
      .catch(() => null)
      .then((sent) => {
        if (dice.chance(0.02)) {
          sendBroken(response, fault(), dice);
          return;
        }
        if (method === 'POST') for (const secret of options.sentSecrets) options.told.add(secret);
        const isFault = dice.chance(faultRate);
        response.statusCode = isFault ? dice.pick(statuses) : 200;
        const body = isFault ? fault() : JSON.stringify(answerTo(method, url, sent));
        sendInPieces(response, Buffer.from(body), drawHeaders(dice), dice);
      });
  }, 0);
}

function createAnswers(options: HostileOptions, dice: Dice) {
  const { jobUuid, told } = options;
  const { text, any, flood } = createHostileWords(dice, told);
  // Hosts are used as they are, so what they repeat is no secret.
  const { text: host } = createHostileWords(dice, new Set(['node-1.example.net']));
  const runUuid = dice.uuid();
  let looks = dice.int(0, 6);
  let description = '';
  const statusNow = () => {
    looks += 1;
    if (looks > 6) return dice.pick(['FAILED', 'COMPLETED', 'CANCELLED']);
    return dice.pick(['PENDING', 'ASSIGNED', 'RUNNING', text() || 'ODD']);
  };
  const markOf = (workflow: string) =>
    `[github.com/acme/renders - ${options.runId}.1 ${options.sha} end ${encodeURIComponent(workflow.slice(0, 60).toWellFormed())}] [cook-${'c'.repeat(32)}-1]`;
  const recipe = () => ({
    uuid: options.recipeUuid,
    name: text(),
    payload: { parameters: { type: 'docker', parameters: options.container } },
  });
  const job = (status: string) => ({
    object: 'job',
    uuid: dice.chance(0.02) ? text() : jobUuid,
    status,
    title: text(),
    description: `${text()} ${description || markOf(text())}`,
    status_reason: text(),
    task: dice.pick(['BATCH', text()]),
    gpu_name: text(),
    gpu_count: any(),
    source_recipe_uuid: dice.pick([options.recipeUuid, text()]),
    created_at: dice.pick([new Date().toISOString(), text()]),
    started_at: any(),
    completed_at: any(),
    parameters: { type: 'docker', parameters: { ...options.container, [text()]: any() } },
    container_access_tokens: [{ token: options.token, name: text() }],
  });
  const run = () => ({
    uuid: runUuid,
    job_uuid: jobUuid,
    status: dice.pick(['RUNNING', 'FAILED', text()]),
    started_at_ms: any(),
    ended_at_ms: any(),
    duration_ms: any(),
    hourly_rate_usd: dice.pick([0.35, any()]),
    node_urls: [{ description: text(), hostname: host(), port: 22, protocol: text() }, any()],
    logs: dice.weighted<() => unknown>(
      [3, () => Array.from({ length: 20 }, logLine).join('\n')],
      [1, () => Array.from({ length: 20 }, logLine)],
      [1, flood],
      [1, any],
    )(),
  });
  const logLine = () =>
    dice.chance(0.3) ? `dispersed-output: ${JSON.stringify({ [text()]: text() })}` : text();
  const bill = () => ({ job_run_uuid: runUuid, type: text(), amount_usd: any() });
  return (method: string, url: string, sent: unknown): unknown => {
    if (method === 'POST') description = descriptionOf(sent);
    const { pathname } = new URL(url, 'http://localhost');
    const isRecipe = pathname.startsWith('/v1/job-recipes/') && method === 'GET';
    const isJob = pathname.startsWith('/v1/jobs') || method === 'POST';
    if (isRecipe || isJob) for (const secret of options.containerSecrets) told.add(secret);
    if (isJob) told.add(options.token);
    if (pathname.endsWith('/cancel'))
      return job(dice.pick(['CANCELLED', 'CANCELLING', text() || 'ODD']));
    if (method === 'POST') return job('PENDING');
    if (isRecipe) return recipe();
    if (pathname === '/v1/jobs') return { data: [job(statusNow()), any()], total: any() };
    if (isJob) return job(statusNow());
    if (pathname === '/v1/job-runs') return { data: [run(), any()] };
    if (pathname.startsWith('/v1/job-runs/')) return run();
    return { data: [any(), bill()], available_balance: any() };
  };
}

function descriptionOf(sent: unknown): string {
  const isBody = typeof sent === 'object' && sent !== null && 'description' in sent;
  return isBody && typeof sent.description === 'string' ? sent.description : '';
}
