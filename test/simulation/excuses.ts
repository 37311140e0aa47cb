import type { Sent } from './network.ts';
import type { PlayedProcess } from './launch.ts';
import type { PlayedLife, PlayedStep } from './play.ts';
import type { SimulatedJob } from './service.ts';
import { cookOf, isAnswered, names, sentBy, toldAtMs } from './truth.ts';

// When a step cannot be blamed for a job that lives on.

/** Whether a step could not do anything about a job that it should have ended. */
export function isExcused(life: PlayedLife, step: PlayedStep, job: SimulatedJob): boolean {
  const { post, plan } = step;
  if (plan.command === 'cancel') return true;
  if (post === null) return !couldMainCancel(life, step, job);
  const sent = sentBy(life, post.name);
  // Each job of the list has to be read for its mark: too many, or reads that fail, and it is told.
  if (!life.plan.service.tellsDescriptions && wasWarned(step, job)) return true;
  if (!isKnown(life, step, job)) {
    const looks = sent.filter(({ kind, search }) => kind === 'list' && !search.includes('uuid'));
    if (showedTooLate(life, step, job, looks)) return true;
    return (looks.some(isRefused) || wasUnreachable(looks, post)) && wasWarned(step, job);
  }
  const cancels = sent.filter(({ kind, path }) => {
    return kind === 'cancel' && path.toLowerCase().includes(job.uuid);
  });
  const last = cancels.at(-1);
  // While it shows FAILED its cancel may have no effect, and then it cannot be read.
  const read = sent.findLast(({ kind, path }) => kind === 'read' && path.includes(job.uuid));
  const isBlind = read !== undefined && !isAnswered(read);
  const isVain =
    (isBlind && life.plan.service.cancelsOfFailed !== 'work') ||
    (last !== undefined && isRefused(last)) ||
    wasUnreachable(cancels, post) ||
    wasReachedTooLate(cancels, post);
  return isVain && wasWarned(step, job);
}

function isKnown(life: PlayedLife, { main, post }: PlayedStep, { uuid }: SimulatedJob): boolean {
  const kept = [...main.runner.heard.kept.values()];
  if (kept.some((text) => text.toLowerCase().includes(uuid))) return true;
  return sentBy(life, post?.name ?? '').some(({ shows }) => shows.includes(uuid));
}

const lookUpMs = 30_000;

/** Whether a job came to show only after post had looked for it long enough. */
function showedTooLate(
  life: PlayedLife,
  { main }: PlayedStep,
  job: SimulatedJob,
  looks: readonly Sent[],
): boolean {
  // What is new is on the first page, and the others may come much later.
  const last = looks.findLast(
    (each) => isAnswered(each) && /(?:^|&)page=1(?:&|$)/.test(each.search),
  );
  if (last === undefined || (last.takenAtMs ?? 0) >= job.listedAtMs) return false;
  // A cook in flight was in doubt from the moment on in which its sender was killed.
  const doubtMs = cookOf(life, job)?.endedAtMs ?? toldAtMs(main) ?? main.endMs;
  return last.sentAtMs >= doubtMs + lookUpMs - 1_000;
}

/** Whether the service said that it is of no use to ask again. */
function isRefused({ fault, status }: Sent): boolean {
  if (fault === null || status === null || status < 400 || status >= 500) return false;
  return status !== 408 && status !== 429;
}

/** Whether post went on as long as it may, and got no answer. */
function wasUnreachable(tries: readonly Sent[], post: PlayedProcess): boolean {
  const last = tries.at(-1);
  return last !== undefined && last.fault !== null && post.endMs - post.startMs > 210_000;
}

/** Whether the service came back when post had no time left to see that a cancel was ignored. */
function wasReachedTooLate(cancels: readonly Sent[], post: PlayedProcess): boolean {
  const taken = cancels.filter(({ fault }) => fault === null);
  const isLate = taken.every(({ sentAtMs }) => post.endMs - sentAtMs < 12_500);
  return isLate && taken.length > 0 && post.endMs - post.startMs > 210_000;
}

function wasWarned({ main, post }: PlayedStep, job: SimulatedJob): boolean {
  return [main, post].some((process) =>
    process?.runner.heard.annotations.some(({ title, message }) =>
      names(`${title} ${message}`, job),
    ),
  );
}

// Without a post entry there are only main's last seconds; that they are used is checked where
// nothing else goes wrong.
function couldMainCancel(life: PlayedLife, { main }: PlayedStep, job: SimulatedJob): boolean {
  const told = toldAtMs(main);
  const isCalm = sentBy(life, main.name).every(({ fault }) => fault === null);
  if (told === null || main.signalMs === null || !isCalm) return false;
  if (life.plan.service.ignoredCancels > 0 || life.plan.service.latencyMs > 500) return false;
  return job.takenAtMs < told - 1_000 && job.cancels.length === 0;
}
