import type { Sent } from './network.ts';
import type { RequestKind } from './plan.ts';
import type { PlayedProcess } from './launch.ts';
import type { PlayedLife, PlayedStep } from './play.ts';
import type { SimulatedJob } from './service.ts';
import {
  descriptionOf,
  hasCeiling,
  hasEnded,
  isInDoubt,
  reportedBy,
  retriesOf,
  sentBy,
  toldAtMs,
  type Violation,
} from './truth.ts';

// Neither too patient nor too impatient: what can be done at once is, and no pause is for ever.

/** Checks when things were done. */
export function checkPace(life: PlayedLife): readonly Violation[] {
  return life.steps.flatMap((step) => [
    ...[step.main, step.post].flatMap((each) =>
      each === null ? [] : checkPauses(life, each, step),
    ),
    ...checkNoticed(life, step),
    ...checkCancels(life, step),
    ...checkCooks(life, step),
    ...checkOffers(life, step),
    ...checkVainLooks(life, step),
    ...checkSignatures(life, step),
    ...checkNoApi(life, step),
  ]);
}

const second = 1_000;

/** After trouble the next try comes within a minute, whatever the service asks for. */
function checkPauses(
  life: PlayedLife,
  process: PlayedProcess,
  { plan }: PlayedStep,
): readonly Violation[] {
  const sent = sentBy(life, process.name);
  const longestMs = Math.max(60 * second, plan.policy.pollMs) + 2 * second;
  return sent.flatMap((each, index) => {
    if (each.fault === null || each.endedAtMs === null) return [];
    // Others may be under way meanwhile, and end later.
    const nextMs = sent
      .slice(index + 1)
      .reduce((ms, { sentAtMs }) => Math.min(ms, sentAtMs), process.endMs);
    const pauseMs = nextMs - each.endedAtMs;
    const isOpen = sent.some(({ endedAtMs }) => endedAtMs === null || endedAtMs > nextMs);
    if (pauseMs <= longestMs || isOpen) return [];
    return [{ check: 'long pause', what: `${process.name}: ${pauseMs} ms after ${each.path}` }];
  });
}

/** That a job has come as far as was asked is noticed soon. */
function checkNoticed(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const { main, plan } = step;
  const { policy } = plan;
  if (!isFaultless(life, main.name) || !policy.wait || plan.command === 'cancel') return [];
  const untilMs = Math.min(toldAtMs(main) ?? main.endMs, main.startMs + policy.timeoutMs);
  const own = life.service.jobs().filter(({ uuid, cookedBy }) => {
    return cookedBy === main.name || step.given.includes(uuid);
  });
  // What has failed may be started once more, as soon as there is a machine.
  const mayRestart = own.some((job) => retriesOf(life, job) > 0);
  const slowMs = (mayRestart ? 400 : 100) * second + 3 * (policy.pollMs || 5 * second);
  const endsMs = own.map((job) => job.endedAtMs() ?? Infinity);
  // Those that a re-run took over go on as well.
  const uuids = new Set(own.map(({ uuid }) => uuid));
  const isWhole = reportedBy(step).every(({ jobUuid }) => jobUuid === null || uuids.has(jobUuid));
  const isAll = own.length > 0 && own.length >= plan.entries.length && isWhole;
  const lateMs = untilMs - Math.max(main.startMs, ...endsMs);
  if (!isAll || lateMs <= slowMs) return [];
  return [{ check: 'not noticed', what: `${lateMs} ms after all had ended` }];
}

function isFaultless(life: PlayedLife, name: string): boolean {
  return sentBy(life, name).every(({ fault }) => fault === null);
}

/** Jobs that are to be cancelled are asked to stop at once, and looked after then. */
function checkCancels(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const isCommand = step.plan.command === 'cancel';
  const process = isCommand ? step.main : step.post;
  if (process === null || !isFaultless(life, process.name)) return [];
  const cancels = sentBy(life, process.name).filter(({ kind }) => kind === 'cancel');
  const firstMs = cancels[0]?.sentAtMs ?? 0;
  const isLate = (job: SimulatedJob) => {
    const asked = cancels.find(({ path }) => path.toLowerCase().includes(job.uuid));
    return (asked?.leftAtMs ?? Infinity) > firstMs + 45 * second;
  };
  const wanted = life.service.jobs().filter((job) => {
    const isMeant = isCommand ? step.given.includes(job.uuid) : isAskedBy(job, process.name);
    return isMeant && !hasEnded(job, process.startMs);
  });
  if ((isCommand && toldAtMs(process) !== null) || cancels.length === 0) return [];
  const late = wanted.filter(isLate).length;
  return late === 0 ? [] : [{ check: 'not asked to stop at once', what: `${late} jobs` }];
}

function isAskedBy({ cancels }: SimulatedJob, name: string): boolean {
  return cancels.some(({ by }) => by === name);
}

/** Cooks in doubt do not hold up the others. */
function checkCooks(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const { main, plan } = step;
  const { maxParallel, onRerun } = plan.policy;
  if (plan.command !== 'cook' || maxParallel > 0 || onRerun === 'attach') return [];
  const sent = sentBy(life, main.name);
  const troubles = new Set(sent.filter(({ fault }) => fault !== null).map(({ kind }) => kind));
  const slow = sent.some(({ fault }) => fault?.effect.type === 'hang' || takesLong(fault));
  const isRefused = sent.some(({ kind, status }) => kind === 'recipe' && (status ?? 0) >= 400);
  if (slow || isRefused || [...troubles].some((kind) => kind !== 'cook')) return [];
  const endMs = Math.min(toldAtMs(main) ?? main.endMs, main.startMs + plan.policy.timeoutMs);
  const cooks = sent.filter(({ kind }) => kind === 'cook');
  const entries = new Set(cooks.filter((each) => isSoon(each, main)).map(descriptionOf)).size;
  const isOver = endMs < main.startMs + 60 * second || hasFailed(step);
  if (entries >= plan.entries.length || isOver) return [];
  return [{ check: 'cooks held up', what: `${entries} of ${plan.entries.length} in a minute` }];
}

const maxOffersMs = 5 * second;

/** Offers are not waited for long, where nothing depends on them. */
function checkOffers(life: PlayedLife, { main, plan }: PlayedStep): readonly Violation[] {
  const sent = sentBy(life, main.name);
  const cook = sent.find(({ kind }) => kind === 'cook');
  const offers = sent.find(({ path }) => path === '/v1/compute/offers');
  if (sent.some(({ path, fault, status }) => path === offers?.path && !fault && status === 422)) {
    return [{ check: 'offers refused', what: main.name }];
  }
  const { gpuNames, maxParallel, onRerun } = plan.policy;
  if (hasCeiling(plan) || gpuNames.length > 1 || offers === undefined) return [];
  // Jobs that were attached may take all places.
  if (maxParallel > 0 && onRerun === 'attach') return [];
  const heldUpMs = (cook?.sentAtMs ?? 0) - offers.sentAtMs;
  if (heldUpMs <= maxOffersMs) return [];
  return [{ check: 'held up by offers', what: `${main.name}: ${heldUpMs} ms` }];
}

function isSoon({ sentAtMs }: Sent, { startMs }: PlayedProcess): boolean {
  return sentAtMs < startMs + 60 * second;
}

function takesLong(fault: Sent['fault']): boolean {
  return fault?.effect.type === 'unreachable' && fault.effect.afterMs > second;
}

function hasFailed(step: PlayedStep): boolean {
  const bad = new Set(['error', 'failed', 'cancelled']);
  return step.plan.policy.failFast && reportedBy(step).some(({ result }) => bad.has(result));
}

/** A cook whose signature is refused is signed until it is right: the keys are. */
function checkSignatures(life: PlayedLife, { main, plan }: PlayedStep): readonly Violation[] {
  const { failFast, maxCostUsd } = plan.policy;
  const sent = sentBy(life, main.name);
  // One that a fault has refused leads to a try in a form that the service may not take.
  const isMisled = sent.some(({ fault, status }) => fault !== null && status === 401);
  if (plan.command !== 'cook' || failFast || maxCostUsd !== null || isMisled) return [];
  const cooks = sent.filter(({ kind }) => kind === 'cook');
  const lastOf = new Map(cooks.map((each) => [descriptionOf(each), each]));
  const untilMs = Math.min(toldAtMs(main) ?? main.endMs, main.startMs + plan.policy.timeoutMs);
  const refused = [...lastOf.values()].filter(
    ({ fault, status, endedAtMs }) =>
      fault === null && status === 401 && (endedAtMs ?? Infinity) < untilMs - 10 * second,
  );
  if (refused.length === 0) return [];
  return [{ check: 'its signature is refused', what: `${refused.length} cooks` }];
}

/** What certainly was not created is not looked for. */
function checkVainLooks(life: PlayedLife, { main, post, plan }: PlayedStep): readonly Violation[] {
  if (post === null || plan.command !== 'cook') return [];
  const cooks = sentBy(life, main.name).filter(({ kind }) => kind === 'cook');
  const isCertain =
    cooks.length > 0 &&
    cooks.every((each) => each.endedAtMs !== null && each.status === null && !isInDoubt(each));
  const looks = sentBy(life, post.name).filter(({ kind }) => kind === 'list').length;
  if (!isCertain || looks === 0 || toldAtMs(main) !== null) return [];
  return [{ check: 'looks for what cannot be', what: `${looks} requests in post` }];
}

/** An address that is not the API is told as that within a minute or so. */
function checkNoApi(life: PlayedLife, { main, plan }: PlayedStep): readonly Violation[] {
  const sent = sentBy(life, main.name);
  const isPage = ({ fault }: Sent) => {
    const effect = fault?.effect;
    return effect?.type === 'answer' && effect.status === 200 && effect.text.startsWith('<');
  };
  const kinds = new Set<RequestKind>(sent.map(({ kind }) => kind));
  if (plan.command !== 'cook' || !sent.every(isPage) || !kinds.has('list')) return [];
  const tookMs = main.endMs - main.startMs;
  // Each of the last looks takes three tries.
  return tookMs <= 90 * second + 10 * life.plan.service.latencyMs
    ? []
    : [{ check: 'not told that it is no API', what: `${tookMs} ms` }];
}
