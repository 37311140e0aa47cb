import { createClient, type Client } from '../service/client.ts';
import { sleepLong } from '../clock.ts';
import { openOctokit, type OpenGitHub } from '../github/client.ts';
import { readCleanUpInputs, type CleanUpInputs } from '../inputs/cook.ts';
import { isDuplicate, type EntryFacts } from '../custody/facts.ts';
import { createFinder } from '../custody/find.ts';
import { nextAction, wantedOf, type CancelState, type Policy } from '../custody/policy.ts';
import { createPoller } from '../service/poll.ts';
import {
  duplicateReason,
  ownReason,
  reconcile,
  type ReconcileOptions,
} from '../custody/reconcile.ts';
import { readSavedState, type SavedState } from '../custody/saved-state.ts';
import { createConsole, type Console } from '../report/log.ts';
import { finishOwnStatuses } from '../check/pending-statuses.ts';
import type { Deps } from '../deps.ts';

/**
 * What the post entry does: cancels the jobs of the step that nobody wants any more, also where
 * main was killed before it knew of them, and sets their commit statuses. It never changes the
 * verdict, and never rejects. An interrupt does not end it: it is the last that can cancel a job.
 */
export async function cleanup(deps: Deps, openGitHub: OpenGitHub = openOctokit): Promise<void> {
  const { runner } = deps;
  const saved = readSavedState(runner);
  if (saved === null) return;
  const console = createConsole(runner, saved.entries.length);
  const onJobEnd = runner.input('on-job-end').trim() === 'cancel' ? 'cancel' : 'keep';
  const policy: Policy = { ...saved.policy, onJobEnd };
  const open = saved.entries.filter((facts) => isOpen(facts, saved, policy));
  const isSilent = runner.input('commit-status').trim() !== 'true' || saved.hasSettledStatuses;
  if (open.length === 0 && isSilent) return;
  try {
    const inputs = await readCleanUpInputs(runner);
    await withClient(inputs, console, deps, async (client) => {
      await reconcileAll(open, saved, policy, client, console);
      if (!isSilent) await finishOwnStatuses(saved, inputs, client, openGitHub, deps);
    });
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

async function withClient(
  inputs: CleanUpInputs,
  console: Console,
  { runner, connect, clock, random }: Deps,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const connection = connect(inputs['api-url']);
  const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
  const { exchange } = connection;
  const { redactor } = runner;
  const { clockOff: onClockOff } = console;
  try {
    await work(createClient({ exchange, keys, redactor, clock, random, onClockOff }));
  } finally {
    await connection.close();
  }
}

async function reconcileAll(
  open: readonly EntryFacts[],
  { step }: SavedState,
  policy: Policy,
  client: Client,
  console: Console,
): Promise<void> {
  const deadline = new AbortController();
  const done = new AbortController();
  void sleepLong(client.clock, maxCleanupMs, done.signal).then(() => {
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
    cancels: new Map<string, CancelState>(),
    confirmed: new Set<string>(),
    reason: (jobUuid: string) =>
      ownReason(isDuplicate(facts, jobUuid) ? duplicateReason : 'the workflow job has ended'),
    onJob: () => {},
  };
}
