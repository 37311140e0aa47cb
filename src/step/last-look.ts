import type { Job } from '../service/schemas.ts';
import { ServiceError } from '../errors.ts';
import { withJob } from '../custody/facts.ts';
import { results } from '../jobs/results.ts';
import { hasFinished } from '../jobs/restart.ts';
import { observe, outcomeNow, record, type Entry } from './entry.ts';
import type { Step } from './step.ts';

// Nobody is to wait for it who has all that was asked for.
const maxLookMs = 10_000;

/**
 * Looks once more at the jobs that did what was asked for while others were waited for: they may have
 * ended since, and then they are told of as jobs that have.
 */
export async function lookAtRunning(step: Step): Promise<void> {
  const { entries, end, deps, plan } = step;
  const running = entries.filter(({ facts }) => facts.stop === 'goal');
  if (entries.length < 2 || plan.goalResult !== 'running' || end.signal.aborted) return;
  const done = new AbortController();
  const over = AbortSignal.any([end.signal, done.signal]);
  const looks = Promise.all(running.map(async (entry) => look(step, entry, over)));
  await Promise.race([looks, deps.clock.sleep(maxLookMs, over)]);
  done.abort();
  if (plan.failFast && running.some((entry) => !results[outcomeNow(step, entry).result].passes))
    end.endFor('fail-fast');
}

async function look(step: Step, entry: Entry, signal: AbortSignal): Promise<void> {
  const [own] = entry.facts.jobs;
  const take = (answer: Job | ServiceError) => {
    if (answer instanceof ServiceError || signal.aborted || !hasFinished(answer)) return true;
    observe(step, entry, answer);
    const ended = withJob(entry.facts, { uuid: answer.uuid, hasEnded: true });
    record(step, entry, { ...ended, stop: 'ended' });
    return true;
  };
  if (own !== undefined) await step.poller.watch(own.uuid, take, signal, false);
}
