import { dirname, join } from 'node:path';
import { connect } from './service/http.ts';
import { openProbe } from './service/probe.ts';
import { openOctokit } from './github/octokit.ts';
import type { Deps } from './deps.ts';
import { systemClock } from './clock.ts';
import { actionsRunner } from './runner.ts';
import { createSshFolder } from './ssh/folder.ts';

/** Runs a command with the real runner, clock and network, until the workflow is canceled. */
export async function runCommand(command: (deps: Deps) => Promise<void>): Promise<void> {
  // Node's own warnings do not belong in the log of a workflow.
  process.removeAllListeners('warning');
  verifyCertificates();
  const interrupt = new AbortController();
  // SIGBREAK is how Windows ends a process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const) {
    process.on(signal, () => interrupt.abort());
  }
  await command({
    runner: actionsRunner,
    clock: systemClock,
    random: Math.random,
    connect,
    openProbe,
    openGitHub: openOctokit,
    createSshFolder: (path, user) =>
      createSshFolder(path, user, join(dirname(process.argv[1] ?? ''), 'gpu.sh')),
    interrupt: interrupt.signal,
  });
}

// Who can set the environment of a step must not be able to read its keys on the way.
function verifyCertificates(): void {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return;
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '1';
  actionsRunner.print(
    'NODE_TLS_REJECT_UNAUTHORIZED is ignored: the action always verifies certificates. To trust your own certificate, set NODE_EXTRA_CA_CERTS',
  );
}
