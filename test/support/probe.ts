import type { Probe } from '../../src/service/probe.ts';

/** For tests in which no server is asked: to ask is an error. */
export function noProbe(): Probe {
  return {
    get: async () => Promise.reject(new Error('no server is to be asked')),
    close: async () => {},
  };
}
