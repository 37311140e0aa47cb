import { connect, type HttpLimits } from '../../src/service/http.ts';
import { openProbe } from '../../src/service/probe.ts';
import { openOctokit } from '../../src/github/octokit.ts';
import { systemClock, type Clock } from '../../src/clock.ts';
import type { Runner } from '../../src/runner.ts';
import type { Deps } from '../../src/deps.ts';

// One start for all, so that the clocks of the action and of the service agree.
const startMs = Date.now();

/** A clock on which time passes faster than on the wall. */
export function fastClock(speed: number): Clock {
  return {
    now: () => startMs + (Date.now() - startMs) * speed,
    monotonicMs: () => performance.now() * speed,
    sleep: async (ms, signal) => systemClock.sleep(ms / speed, signal),
  };
}

/** Short enough for tests, long enough for a busy machine. Real time, in ms. */
export const shortLimits: HttpLimits = {
  connectMs: 2_000,
  headersMs: 300,
  bodyMs: 300,
  totalMs: 600,
};

/** For steps that log in nowhere. */
export const noSsh: Deps['createSshFolder'] = async () => {
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
