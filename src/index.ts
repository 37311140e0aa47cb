import { connect } from './dispersed/http.ts';
import { systemClock } from './pace.ts';
import { actionsRunner } from './runner.ts';
import { cook } from './verbs/cook.ts';

// A warning of Node's own, say about an experimental part of a library, is not for the log of
// somebody's workflow.
process.removeAllListeners('warning');

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupt.abort();
  });
}

await cook({
  runner: actionsRunner,
  clock: systemClock,
  random: Math.random,
  connect,
  interrupt: interrupt.signal,
});
