import { createClient } from '../api/client.ts';
import { sleepLong } from '../clock.ts';
import { readCleanUpInputs, type CleanUpInputs } from '../inputs/cook.ts';
import type { EntryFacts } from '../jobs/entry.ts';
import { createFinder } from '../jobs/find.ts';
import { nextAction, wantedOf, type Policy } from '../jobs/policy.ts';
import { createPoller } from '../jobs/poll.ts';
import { duplicateReason, ownReason, reconcile, type ReconcileOptions } from '../jobs/reconcile.ts';
import { readSavedState, type SavedState } from '../jobs/saved-state.ts';
import { createConsole, type Console } from '../report/console.ts';
import type { Deps } from './deps.ts';

/**
 * What the post entry does: cancels the jobs of the step that nobody wants any more, also where
 * main was killed before it knew of them. It never changes the verdict, and never rejects. An
 * interrupt does not end it: it is the last that can cancel a job.
 */
export async function cleanup(deps: Deps): Promise<void> {
  const { runner } = deps;
  const saved = readSavedState(runner);
  if (saved === null) return;
  const console = createConsole(runner, saved.entries.length);
  const onJobEnd = runner.input('on-job-end').trim() === 'cancel' ? 'cancel' : 'keep';
  const policy: Policy = { ...saved.policy, onJobEnd };
  const open = saved.entries.filter((facts) => isOpen(facts, saved, policy));
  if (open.length === 0) return;
  try {
    const inputs = await readCleanUpInputs(runner);
    await reconcileAll(open, saved, policy, inputs, console, deps);
  } catch (error) {
    console.cleanupFailed(error);
  }
}

function isOpen(facts: EntryFacts, { step }: SavedState, policy: Policy): boolean {
  const nothing = { cancels: new Map(), confirmed: new Set<string>(), hasLooked: false };
  const wanted = wantedOf(facts, step, policy, 'post');
  return nextAction(facts, wanted, nothing, 'post').do !== 'let-go';
}

// After a cancel of the workflow all posts together have some 4 minutes and 45 seconds.
const maxCleanupMs = 225_000;

async function reconcileAll(
  open: readonly EntryFacts[],
  { step }: SavedState,
  policy: Policy,
  inputs: CleanUpInputs,
  console: Console,
  { runner, connect, clock, random }: Deps,
): Promise<void> {
  const connection = connect(inputs['api-url']);
  const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
  const { exchange } = connection;
  const { redactor } = runner;
  const { clockOff: onClockOff } = console;
  const client = createClient({ exchange, keys, redactor, clock, random, onClockOff });
  const deadline = new AbortController();
  const done = new AbortController();
  void sleepLong(clock, maxCleanupMs, done.signal).then(() => {
    deadline.abort();
  });
  const { signal } = deadline;
  const { serviceUnavailable: onUnavailable, serviceAvailable: onAvailable } = console;
  const options: ReconcileOptions = {
    client,
    finder: createFinder(client),
    poller: createPoller({ client, interval: 'auto', signal, onUnavailable, onAvailable }),
    events: console,
    phase: 'post',
    deadline: signal,
  };
  try {
    await Promise.all(
      open.map(async (facts) =>
        reconcile(
          savedEntry(facts, (now) => wantedOf(now, step, policy, 'post')),
          options,
        ),
      ),
    );
  } finally {
    done.abort();
    await connection.close();
  }
}

function savedEntry(saved: EntryFacts, wantedFor: (facts: EntryFacts) => 'kept' | 'gone') {
  let facts = saved;
  return {
    facts: () => facts,
    record: (change: Partial<EntryFacts>) => {
      facts = { ...facts, ...change };
    },
    wanted: () => wantedFor(facts),
    cancels: new Map<string, 'accepted' | 'failed'>(),
    confirmed: new Set<string>(),
    reason: (jobUuid: string) =>
      ownReason(facts.jobs[0]?.uuid === jobUuid ? 'the workflow job has ended' : duplicateReason),
    onJob: () => {},
  };
}
