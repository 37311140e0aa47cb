/** How many times faster than in reality a step's clock and its pauses go. */
const speed = 20;

/**
 * A step whose minutes take seconds: the variable that speeds up its process, and the same clock
 * for the service. Its requests take as long as they take.
 */
export function fastTime() {
  const baseMs = Date.now();
  const code = `
    import { syncBuiltinESMExports } from 'node:module';
    import timers from 'node:timers/promises';
    const { now } = Date;
    const monotonic = performance.now.bind(performance);
    const delay = timers.setTimeout;
    Date.now = () => Math.round(${baseMs} + (now() - ${baseMs}) * ${speed});
    performance.now = () => monotonic() * ${speed};
    timers.setTimeout = (ms, ...rest) => delay(ms / ${speed}, ...rest);
    syncBuiltinESMExports();`;
  return {
    env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}` },
    now: () => baseMs + (Date.now() - baseMs) * speed,
  };
}
