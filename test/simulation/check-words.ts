import type { PlayedLife, PlayedStep } from './play.ts';
import type { SimulatedJob } from './service.ts';
import {
  entryOf,
  isReplaced,
  hasEnded,
  mayBeLost,
  mayHaveFailed,
  reportedBy,
  sentBy,
  saidBy,
  toldAtMs,
  type Reported,
  type Violation,
} from './truth.ts';

// Outputs, annotations and summary say what the service knows.

/** Checks what each step has said. */
export function checkWords(life: PlayedLife): readonly Violation[] {
  return life.steps
    .filter(({ main }) => !main.killed)
    .flatMap((step) => [
      ...checkVerdict(life, step),
      ...reportedBy(step).flatMap((each) => checkReported(life, step, each)),
      ...checkUnknown(life, step),
      ...checkClaims(life, step),
    ]);
}

const worstFirst = [
  'error',
  'failed',
  'over-budget',
  'timed-out',
  'cancelled',
  'detached',
  'running',
  'submitted',
  'succeeded',
];
/** What keeps a step from cooking anything is said once. */
function isOneForAll(life: PlayedLife, { main, plan }: PlayedStep): boolean {
  const isCooked = sentBy(life, main.name).some(({ kind }) => kind === 'cook');
  const { annotations } = main.runner.heard;
  const errors = annotations.filter(({ level }) => level === 'error');
  return plan.command === 'cook' && !isCooked && errors.length === 1;
}

const passing = new Set(['succeeded', 'submitted', 'running', 'detached']);

function checkVerdict(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const { outputs, failed, annotations } = step.main.runner.heard;
  const result = outputs.get('result');
  const errors = annotations.filter(({ level }) => level === 'error');
  const fault = errors.find(({ title }) => /fault in this action|internal error/i.test(title));
  if (fault !== undefined) return [{ check: 'internal error', what: fault.message }];
  const results = reportedBy(step).map((each) => each.result);
  const worst = worstFirst.find((each) => results.includes(each));
  if (worst === undefined) return [];
  const bad = results.filter((each) => !isFine(step, each)).length;
  const isOff = bad > 0 !== failed() && toldAtMs(step.main) === null;
  return [
    ...(result === worst ? [] : [{ check: 'verdict', what: `${result}, though ${worst}` }]),
    ...(isOff ? [{ check: 'verdict', what: `fails: ${failed()}, ${results.join(', ')}` }] : []),
    ...(errors.length === Math.min(10, bad) ||
    isOneForAll(life, step) ||
    toldAtMs(step.main) !== null
      ? []
      : [{ check: 'verdict', what: `${errors.length} errors for ${bad} bad jobs` }]),
  ];
}

function isFine({ plan }: PlayedStep, result: string): boolean {
  return passing.has(result) || (plan.command === 'cancel' && result !== 'error');
}

function checkReported(
  life: PlayedLife,
  step: PlayedStep,
  { jobUuid, status, result }: Reported,
): readonly Violation[] {
  const job = life.service.jobs().find(({ uuid }) => uuid === jobUuid);
  if (job === undefined) {
    if (jobUuid === null || jobUuid === step.plan.unknownUuid) return [];
    return [{ check: 'outputs', what: `no such job: ${jobUuid}` }];
  }
  const { endMs } = step.main;
  const say = (what: string) => [{ check: 'outputs', what: `${job.uuid}: ${what}` }];
  const isFinal = ['COMPLETED', 'FAILED', 'CANCELLED'].includes(status ?? '');
  // What was taken as final early was cancelled as well, to be sure.
  const isSure = status === 'FAILED' && wasToBeCancelled(life, step, job);
  // Of a job that is left alone, the last status seen is told: FAILED may be one between two runs.
  const isLeft = ['detached', 'timed-out', 'cancelled', 'error', 'submitted'].includes(result);
  if (isFinal && !isSure && !isLeft) {
    if (!hasEnded(job, endMs)) return say(`${status}, but it lives`);
    if (job.statusAt(endMs) !== status) return say(`${status} is wrong`);
  }
  // The status beside it tells that a cancel has not taken effect yet.
  const isOpen = result === 'cancelled' && (!isFinal || isSure) && step.plan.command !== 'cancel';
  if (!isOpen && !isTrue(result, life, step, job))
    return say(`${result}, but it is ${job.statusAt(endMs)}`);
  // A cancel that was accepted is no success where the job has not ended.
  const isUnended = step.plan.command === 'cancel' && !hasEnded(job, endMs);
  const hasReason =
    isUnended || mayBeLost(life, step.main.name, job) || mayHaveFailed(life, step, job);
  if (result === 'error' && !hasReason) return say('lost without a reason');
  return [];
}

function isTrue(result: string, life: PlayedLife, step: PlayedStep, job: SimulatedJob): boolean {
  const { main, plan } = step;
  const status = job.statusAt(main.endMs);
  const told = toldAtMs(main) !== null;
  const isLate = main.endMs >= main.startMs + plan.policy.timeoutMs - 50;
  switch (result) {
    case 'succeeded':
      return status === 'COMPLETED';
    case 'failed':
      return status === 'FAILED' || job.cancels.some(({ by }) => by === main.name);
    case 'cancelled':
      return (
        status.startsWith('CANCELL') ||
        isToldToLive(step, job) ||
        (status === 'FAILED' && job.cancels.some(({ by }) => by === main.name))
      );
    case 'timed-out':
      return isLate;
    case 'detached':
      return told || isLate;
    case 'running':
      return wasSeenRunning(life, step, job);
    default:
      return true;
  }
}

// Its run may have failed since, and another one be on its way.
function wasSeenRunning(life: PlayedLife, { main }: PlayedStep, job: SimulatedJob): boolean {
  return sentBy(life, main.name).some(({ shows, takenAtMs }) => {
    return takenAtMs !== null && shows.includes(job.uuid) && job.statusAt(takenAtMs) === 'RUNNING';
  });
}

function wasToBeCancelled(life: PlayedLife, { main }: PlayedStep, job: SimulatedJob): boolean {
  return sentBy(life, main.name).some(
    ({ kind, path }) => kind === 'cancel' && path.toLowerCase().includes(job.uuid),
  );
}

function isToldToLive({ main }: PlayedStep, { uuid }: SimulatedJob): boolean {
  return saidBy(main).some((text) => text.toLowerCase().includes(uuid) && saysAlive(text));
}

function saysAlive(text: string): boolean {
  return /may still|still runs?|is still|not ended|could not be cancell?ed/i.test(text);
}

/** Of an entry whose job is not known, nobody says that there is none if there may be one. */
function checkUnknown(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const jobs = life.service.jobs().filter(({ cookedBy }) => cookedBy === step.main.name);
  const reported = reportedBy(step);
  // Of more, only ten are told one by one.
  if (reported.filter(({ result }) => !isFine(step, result)).length > 10) return [];
  return jobs.flatMap((job) => {
    const index = entryOf(step, job);
    const row = index === null ? undefined : reported[index];
    if (isReplaced(life, step, job) || isFollowed(life, step, job)) return [];
    if (row === undefined || row.jobUuid !== null || job.takenAtMs > step.main.endMs) return [];
    const { recipeUuid } = job;
    const notes = step.main.runner.heard.annotations.filter(({ title, message }) => {
      const text = `${title} ${message}`;
      return text.includes(recipeUuid) || text.includes(job.title);
    });
    if (notes.some(({ message, title }) => /\bmay\b/i.test(`${title} ${message}`))) return [];
    // The offers for its next model were too dear.
    const isLast = row.result === 'over-budget' && hasEnded(job, step.main.endMs);
    if (isLast && step.plan.policy.gpuNames.length > 1) return [];
    return [{ check: 'told as not cooked', what: `${row.result}, but ${job.uuid} was taken` }];
  });
}

// Its entry's next model was to be cooked, and that is what is told of.
function isFollowed(life: PlayedLife, step: PlayedStep, job: SimulatedJob): boolean {
  const { main, plan } = step;
  if (plan.policy.gpuNames.length < 2 || !hasEnded(job, main.endMs)) return false;
  return sentBy(life, main.name).some(
    (each) =>
      each.kind === 'cook' && each.sentAtMs > job.takenAtMs && !each.shows.includes(job.uuid),
  );
}

/** What is said to have been cancelled was. */
function checkClaims(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const { main } = step;
  return life.service.jobs().flatMap((job) => {
    const texts = main.runner.heard.annotations.map(({ message }) => message);
    const claim = texts.find((text) => {
      const isAbout = text.toLowerCase().includes(job.uuid);
      const ofJob = text.replaceAll(/\bworkflow was(?: cancell?ed)?/g, '');
      return isAbout && /\bwas cancell?ed\b/.test(ofJob) && !saysAlive(text);
    });
    if (claim === undefined || job.statusAt(main.endMs).startsWith('CANCELL')) return [];
    const status = job.statusAt(main.endMs);
    return [{ check: 'said to be cancelled', what: `${job.uuid} is ${status}` }];
  });
}
