import type { PlayedProcess } from './launch.ts';
import type { PlayedLife, PlayedStep } from './play.ts';
import type { PlayedChecks } from './play-checks.ts';
import { keys, type SimulatedJob } from './service.ts';
import { hasEnded, type Violation } from './truth.ts';

// What checks that come by later promise: no orphan lives on, nothing else is touched, each status is
// finished and each workflow started once.

const minute = 60_000;

/** Checks what the checks of a life have done. */
export function checkLooks(life: PlayedLife): readonly Violation[] {
  const { looks } = life;
  if (looks === null) return [];
  return [
    ...looks.checks.flatMap(checkProcess),
    ...life.service
      .jobs()
      .flatMap((job) => [
        ...checkCancels(life, looks, job),
        ...checkOrphan(life, looks, job),
        ...checkStatus(looks, job),
        ...checkDispatches(looks, job),
      ]),
  ];
}

/** Whether a process is a check. */
export function isCheck(name: string): boolean {
  return name.startsWith('check');
}

function checkProcess({ name, thrown, spins, startMs, endMs, runner }: PlayedProcess) {
  const { lines, annotations, outputs, summary } = runner.heard;
  const said = JSON.stringify([lines, annotations, [...outputs], summary()]);
  const isLong = endMs - startMs > 11 * minute;
  const isFaulty = annotations.some(({ title }) => /internal error/i.test(title));
  return [
    ...(thrown === undefined && !spins && !isFaulty ? [] : [broken('check broken', name)]),
    ...(isLong ? [broken('check takes too long', name)] : []),
    ...(said.includes(keys.secretKey) ? [broken('secret told', name)] : []),
  ];
}

function broken(check: string, what: string): Violation {
  return { check, what };
}

/** What the README says of which jobs may outlive their run, once more. */
function mayOutlive({ plan: { policy } }: PlayedStep, job: SimulatedJob): boolean {
  if (policy.onJobEnd === 'cancel') return false;
  if (!policy.wait || policy.waitUntil === 'running') return true;
  if (policy.onTimeout !== 'cancel' || policy.onWorkflowCancel !== 'cancel') return true;
  return job.isServer;
}

function isToEnd(life: PlayedLife, job: SimulatedJob): boolean {
  const step = life.steps.find(({ main }) => main.name === job.cookedBy);
  return step !== undefined && !mayOutlive(step, job);
}

/** A check cancels orphans alone, and only when post has had its time. */
function checkCancels(life: PlayedLife, looks: PlayedChecks, job: SimulatedJob) {
  return job.cancels.flatMap(({ by, atMs, isLate }) => {
    if (!isCheck(by) || isLate) return [];
    if (!isToEnd(life, job)) return [broken('check cancels what may live on', job.uuid)];
    const step = life.steps.find(({ main }) => main.name === job.cookedBy);
    const isOfLast = step?.attempt === life.plan.attempts.length;
    const sinceMs =
      looks.overSinceMs === null || isOfLast ? looks.overSinceMs : looks.lastAttemptMs;
    // The service tells its time in whole seconds.
    const isEarly = atMs - (sinceMs ?? job.takenAtMs) < 10 * minute - 1_000;
    // Of a run that is gone the job's age counts, and the older host tells the day alone.
    const isKnown = sinceMs !== null || life.plan.service.generation === 'new';
    return isEarly && isKnown ? [broken('check cancels too early', `${job.uuid} by ${by}`)] : [];
  });
}

function checkOrphan(life: PlayedLife, looks: PlayedChecks, job: SimulatedJob) {
  // A cancel at the last moment takes a while.
  if (!isToEnd(life, job) || hasEnded(job, life.endMs + 25_000)) return [];
  if (isInTheDark(life, looks) || looks.checks.some((each) => hasWarned(each, job))) return [];
  return [broken('orphan after two checks', `${job.uuid}, cooked by ${job.cookedBy}`)];
}

/** Whether the last check could not look, and said so, or saw there are too many jobs to read one by one. */
function isInTheDark({ plan, service }: PlayedLife, { checks }: PlayedChecks): boolean {
  const { tellsDescriptions, strangers } = plan.service;
  if (!tellsDescriptions && strangers + service.jobs().length > 100) return true;
  const last = checks.at(-1);
  return last === undefined || last.runner.heard.failed();
}

function hasWarned({ runner }: PlayedProcess, { uuid }: SimulatedJob): boolean {
  return runner.heard.annotations.some(({ title, message }) =>
    `${title} ${message}`.includes(uuid),
  );
}

const changesOf = ({ github }: PlayedChecks, { uuid }: SimulatedJob) =>
  github.changes.filter(({ jobUuid }) => jobUuid === uuid);
const isFinish = ({ kind, state }: { kind: string; state: string }) =>
  kind === 'status' && state !== 'pending';

/** The status is finished when the job has ended, as it has ended. */
function checkStatus(looks: PlayedChecks, job: SimulatedJob): readonly Violation[] {
  if (!looks.pending.includes(job.uuid)) return [];
  const finished = changesOf(looks, job).filter(isFinish);
  const early = finished.find(({ atMs }) => !hasEnded(job, atMs));
  if (early !== undefined)
    return [broken('status of a job that lives', `${job.uuid}: ${early.state}`)];
  const wanted = { COMPLETED: 'success', FAILED: 'failure' }[job.statusAt(Infinity)] ?? 'error';
  const wrong = finished.find(({ state }) => state !== wanted);
  return wrong === undefined ? [] : [broken('wrong status', `${job.uuid}: ${wrong.state}`)];
}

/** One workflow for each job, before its status, and a second one only where that was not finished. */
function checkDispatches(looks: PlayedChecks, job: SimulatedJob): readonly Violation[] {
  const changes = changesOf(looks, job);
  const isOutOfOrder = changes.some((change, index) => {
    const before = changes.slice(0, index);
    if (isFinish(change)) return !before.some(({ kind }) => kind === 'dispatch');
    return change.kind === 'dispatch' && before.some(isFinish);
  });
  const starts = changes.filter(({ kind }) => kind === 'dispatch').map(({ by }) => by);
  return [
    ...(isOutOfOrder ? [broken('workflow after the status', job.uuid)] : []),
    ...(new Set(starts).size < starts.length ? [broken('workflow started twice', job.uuid)] : []),
  ];
}
