import { connect, maxAnswerBytes, type defaultLimits } from '../../src/service/http.ts';
import { openProbe } from '../../src/service/probe.ts';
import { openOctokit } from '../../src/github/octokit.ts';
import type { Clock } from '../../src/clock.ts';
import type { Runner } from '../../src/runner.ts';
import type { Deps } from '../../src/deps.ts';

// One start for all, so that the clocks of the action and of the service agree.
const startMs = Date.now();

/** However long the machine does something else between two looks at the time, it counts as this. */
const longestStallMs = 4;
let passedMs = 0;
let lookedAtMs = performance.now();
const sleepers = new Set<() => void>();
let ticker: NodeJS.Timeout | null = null;

/** Time that this process was given, in ms: on a busy machine it passes more slowly. */
function lookAtTime(): number {
  const nowMs = performance.now();
  passedMs += Math.min(nowMs - lookedAtMs, longestStallMs);
  lookedAtMs = nowMs;
  return passedMs;
}

async function sleepTill(untilMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const wake = () => {
      sleepers.delete(check);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const check = () => {
      if (passedMs >= untilMs) wake();
    };
    sleepers.add(check);
    signal?.addEventListener('abort', wake);
    ticker ??= setInterval(tick, 1);
  });
}

function tick() {
  lookAtTime();
  for (const check of sleepers) check();
  if (sleepers.size > 0 || ticker === null) return;
  clearInterval(ticker);
  ticker = null;
}

/** A clock on which time passes faster than on the wall, and for which a busy machine is no slower. */
export function fastClock(speed: number): Clock {
  return {
    now: () => startMs + Math.floor(lookAtTime() * speed),
    monotonicMs: () => lookAtTime() * speed,
    sleep: async (ms, signal) => sleepTill(lookAtTime() + Math.max(ms, 0) / speed, signal),
  };
}

/** Short enough for tests, long enough for a busy machine. Real time, in ms. */
export const shortLimits: typeof defaultLimits = {
  maxBytes: maxAnswerBytes,
  connectMs: 2_000,
  headersMs: 500,
  bodyMs: 500,
  totalMs: 1_000,
};

/** For steps that log in nowhere. */
export const noSsh: Deps['createSshFolder'] = () => {
  throw new Error('this test has no ssh');
};

/** Dependencies with real sockets, of which only time and the runner are made up. */
export function fakeDeps(
  runner: Runner,
  clock: Clock,
  interrupt: AbortSignal = new AbortController().signal,
): Deps {
  return {
    runner,
    clock,
    random: Math.random,
    connect: (url) => connect(url, shortLimits),
    openProbe,
    openGitHub: openOctokit,
    createSshFolder: noSsh,
    interrupt,
  };
}
