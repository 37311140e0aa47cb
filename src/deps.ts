import type { Connection } from './service/http.ts';
import type { Probe } from './service/probe.ts';
import type { OpenGitHub } from './github/octokit.ts';
import type { Clock, Random } from './clock.ts';
import type { Runner } from './runner.ts';
import type { SshFolder } from './ssh/folder.ts';

/** All that a command needs from outside; tests pass others. */
export interface Deps {
  readonly runner: Runner;
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: (apiUrl: URL) => Connection;
  /** Opens a way to the servers that the service at this URL names. */
  readonly openProbe: (apiUrl: URL) => Probe;
  readonly openGitHub: OpenGitHub;
  readonly createSshFolder: (path: string, user: string) => SshFolder;
  /** Fires when the workflow is canceled: SIGINT or SIGTERM. */
  readonly interrupt: AbortSignal;
}
