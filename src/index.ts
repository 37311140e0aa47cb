import { basename } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { connect } from './api/http.ts';
import { systemClock } from './clock.ts';
import { actionsRunner } from './runtime.ts';
import { cancel } from './commands/cancel.ts';
import { cleanup } from './commands/cleanup.ts';
import { cook } from './commands/cook.ts';
import { wait } from './commands/wait.ts';
import type { Deps } from './commands/deps.ts';

// A warning of Node's own, say about an experimental part of a library, is not for the log of
// somebody's workflow.
process.removeAllListeners('warning');

// A step makes little garbage, and makes it slowly. Left alone, V8 gives it tens of megabytes of
// room rather than collect it.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=25');

// Each entry of an action is a file of its own that imports this one. Its name says what to do:
// the saved state would not, where main was killed before it could save any.
const verbs: Readonly<Record<string, (world: Deps) => Promise<void>>> = {
  'index.js': cook,
  'wait.js': wait,
  'cancel.js': cancel,
  'clean-up.js': cleanup,
};

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupt.abort();
  });
}

await verbs[basename(process.argv[1] ?? '')]?.({
  runner: actionsRunner,
  clock: systemClock,
  random: Math.random,
  connect,
  interrupt: interrupt.signal,
});
