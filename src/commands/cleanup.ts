import { createClient, type Client } from '../api/client.ts';
import type { ServiceError } from '../errors.ts';
import { readCleanUpInputs, type CleanUpInputs } from '../inputs/cook.ts';
import { findLiving } from '../jobs/find.ts';
import { stop } from '../jobs/cancel.ts';
import { readSavedState, type SavedEntry } from '../jobs/saved-state.ts';
import { createConsole, type Console } from '../report/console.ts';
import { isFinal } from '../jobs/status.ts';
import type { Deps } from './deps.ts';

/**
 * What the post entry does: cancels the jobs of the step that nobody wants any more, also where
 * main was killed before it knew of them. It never changes the verdict, and never rejects. An
 * interrupt does not end it: it is the last that can stop a job.
 */
export async function cleanUp(world: Deps): Promise<void> {
  const { runner, clock } = world;
  const open = readSavedState(runner).filter(({ fate, sends }) => fate !== 'over' || sends > 1);
  if (open.length === 0) return;
  const log = createConsole(runner, open.length);
  try {
    const inputs = await readCleanUpInputs(runner);
    const connection = world.connect(inputs['api-url']);
    const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
    const { exchange } = connection;
    const client = createClient({ exchange, keys, now: clock.now, onClockOff: log.clockOff });
    try {
      await Promise.all(
        open.map(async (entry) => cleanUpOne(entry, { world, client, inputs, log })),
      );
    } finally {
      await connection.close();
    }
  } catch (error) {
    log.cleanupFailed(error);
  }
}

interface CleanUp {
  readonly world: Deps;
  readonly client: Client;
  readonly inputs: CleanUpInputs;
  readonly log: Console;
}

async function cleanUpOne(entry: SavedEntry, parts: CleanUp): Promise<void> {
  const { log } = parts;
  const jobUuids = await jobsOf(entry, parts).catch((error: unknown) => {
    // What was refused has been told, and most likely never came to be.
    if (entry.fate !== 'refused') log.lookupFailed(entry.cookKey ?? '', error);
    return [];
  });
  await Promise.all(
    jobUuids.map(async (jobUuid) => {
      try {
        const job = await stopOne(jobUuid, parts);
        if (!isFinal(job.status)) log.notEnded(job);
      } catch (error) {
        log.cancelFailed(jobUuid, error);
      }
    }),
  );
}

async function stopOne(jobUuid: string, { world, client, log }: CleanUp) {
  const why = 'the workflow job has ended';
  log.cancelling(jobUuid, why);
  const { signal } = new AbortController();
  return stop(jobUuid, `GitHub Actions: ${why}`, { ...world, client, signal });
}

/** The jobs of an entry that are to be cancelled. */
async function jobsOf(entry: SavedEntry, parts: CleanUp): Promise<readonly string[]> {
  const { jobUuid } = entry;
  const isWanted = !isUnwanted(entry, parts.inputs);
  if (jobUuid === null) return isWanted ? [] : lookFor(entry, parts);
  // After a second cook, the first may have made a job as well: nobody wants that one.
  const twins = entry.sends > 1 ? await lookFor(entry, parts) : [];
  return isWanted ? twins : [jobUuid, ...twins];
}

function isUnwanted({ fate }: SavedEntry, inputs: CleanUpInputs): boolean {
  switch (fate) {
    case 'doomed':
    case 'refused':
    case 'missing':
      return true;
    case 'sent':
    case 'followed':
      return inputs['on-workflow-cancel'] === 'cancel' || inputs['on-job-end'] === 'cancel';
    case 'kept':
      return inputs['on-job-end'] === 'cancel';
    case 'over':
      return false;
  }
}

// Listings lag behind a cook: a job whose answer never came is looked for over half a minute.
const looksForUnansweredMs = [0, 1_000, 2_000, 4_000, 8_000, 15_000];
const oneLook = [0];

/** Living jobs that carry the entry's key, but for the one that is known. */
async function lookFor(entry: SavedEntry, { world, client }: CleanUp): Promise<readonly string[]> {
  const { cookKey, recipeUuid, jobUuid, fate, sentAtMs } = entry;
  if (cookKey === null || recipeUuid === null) return [];
  const isUnanswered = fate === 'sent' || fate === 'missing';
  const parts = { ...world, client, signal: new AbortController().signal };
  for (const pauseMs of isUnanswered ? looksForUnansweredMs : oneLook) {
    await world.clock.sleep(pauseMs);
    const mark = { cookKey, recipeUuid, sentAtMs };
    const found = await findLiving(parts, mark, jobUuid, isWorthRepeating);
    if (found.length > 0) return found;
  }
  return [];
}

// Post steps are given some minutes.
const maxTries = 8;

function isWorthRepeating(error: ServiceError, failures: number): boolean {
  return error.retryable && failures < maxTries;
}
