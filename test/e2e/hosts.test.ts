import { expect, jest, test } from '@jest/globals';
import { fastTime } from '../runner/fast.ts';
import { readLog } from '../runner/model.ts';
import { listen } from '../simulator/listener.ts';
import { startProxy } from '../support/proxy.ts';
import { endless, onStage, type StepInputs } from './stage.ts';

// An `api-url` that leads elsewhere, or nowhere: the step ends soon, and says what to do.

jest.setTimeout(60_000);

const jobUuid = '7b2f64a1-0c55-4f0f-9a35-5d5b3c0d1e2f';
const actions = ['cook', 'wait', 'cancel'] as const;
const page = '<!doctype html><title>Welcome</title>';

/** Plays an action and its post entry on another host. */
async function playOn(host: string, action: (typeof actions)[number], more: StepInputs = {}) {
  return onStage({ recipes: [endless] }, async ({ start, simulator }) => {
    const isCook = action === 'cook';
    const step = start({
      ...(!isCook && { action }),
      ...more,
      with: { 'api-url': host, ...(!isCook && { 'job-uuids': jobUuid }) },
    });
    const startMs = Date.now();
    const main = await step.done;
    const post = action === 'cancel' ? '' : (await step.post()).log;
    const { annotations } = readLog(main.log);
    const tookMs = Date.now() - startMs;
    return { ...main, annotations, post, tookMs, requests: simulator.requests };
  });
}

test.concurrent.each(
  actions.flatMap((action) =>
    (
      [
        ['a web page', 200, page],
        ['a web page that is not there', 404, page],
        ['another service', 200, '{"hello":"world"}'],
        ['a redirect', 302, ''],
      ] as const
    ).map(([what, status, text]) => [action, what, status, text] as const),
  ),
)('%s ends within 15 s where the host is %s', async (action, _, status, text) => {
  const host = await listen((request, response) => {
    request.resume();
    response.writeHead(status, { location: 'https://example.com/' }).end(text);
  }, 0);
  const { exitCode, outputs, annotations, post, tookMs } = await playOn(host.url, action);
  await host.close();
  expect(tookMs).toBeLessThan(15_000);
  expect({ exitCode, result: outputs['result'], post }).toEqual({
    exitCode: 1,
    result: 'error',
    post: '',
  });
  expect(annotations).toEqual([
    {
      level: 'error',
      title: expect.stringMatching(/the host is not the Dispersed API$/),
      message: expect.stringContaining('Check the input api-url'),
    },
  ]);
});

test.concurrent.each([
  ['wait', 503, /HTTP 503/],
  ['cancel', 503, /HTTP 503/],
  ['wait', null, /cannot be reached.*ECONNREFUSED/s],
  ['cancel', null, /cannot be reached.*ECONNREFUSED/s],
] as const)(
  '%s on a service that is down from the start (%p) ends in two minutes, with that cause',
  async (action, status, cause) => {
    const { env } = fastTime();
    const host = await listen((request, response) => {
      request.resume();
      response.writeHead(status ?? 200).end('upstream');
    }, 0);
    if (status === null) await host.close();
    const { exitCode, annotations, tookMs } = await playOn(host.url, action, { env });
    if (status !== null) await host.close();
    expect(exitCode).toBe(1);
    const errors = annotations.filter(({ level }) => level === 'error');
    expect(errors.map(({ title, message }) => `${title} ${message}`)).toEqual([
      expect.stringMatching(cause),
    ]);
    expect(tookMs).toBeLessThan(30_000);
  },
);

test.concurrent.each([
  ['', true],
  ['dispersed.invalid', false],
])(
  'NO_PROXY=%j: api.dispersed.invalid is asked through the proxy: %p',
  async (noProxy, isAsked) => {
    // It speaks no TLS, so each connection ends at once.
    const host = await listen((_, response) => response.end(), 0);
    const proxy = await startProxy(new URL(host.url));
    const proxied = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: noProxy };
    const env = { ...proxied, ...fastTime().env };
    const { exitCode } = await playOn('https://api.dispersed.invalid', 'cook', { env });
    proxy.close();
    await host.close();
    expect(exitCode).toBe(1);
    expect(proxy.asked.length > 0).toBe(isAsked);
    expect(new Set(proxy.asked)).toEqual(new Set(isAsked ? ['api.dispersed.invalid:443'] : []));
  },
);
