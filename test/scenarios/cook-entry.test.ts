import { expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import { endless, play } from './play.ts';

test('a server that runs as asked is cancelled at once with the others at max-cost', async () => {
  const rated = { ...endless, hourlyRateUsd: 1.8 };
  const { simulator } = await play({
    recipes: [{ ...rated, payload: { task: 'PERSISTENT' } }, rated],
    inputs: { 'max-cost': '0.05' },
    during: async ({ jobs, inject }) => {
      await until(() => jobs().length === 2);
      const batch = jobs().find(({ task }) => task === 'BATCH');
      // The cancel of the other job is never accepted: whoever waits for it, waits long.
      const path = `/v1/jobs/${batch?.uuid}/cancel`;
      inject({ method: 'PUT', path, times: Infinity, kind: { type: 'status', status: 503 } });
    },
    withPost: false,
  });
  const server = simulator.jobs().find(({ task }) => task === 'PERSISTENT');
  const cancels = simulator.requests.filter(({ method }) => method === 'PUT');
  const place = cancels.findIndex(({ path }) => path.includes(server?.uuid ?? 'none'));
  expect([0, 1]).toContain(place);
});
