import { expect, test } from '@jest/globals';
import { InterruptedError, ServiceError } from '../../src/errors.ts';
import { describeError } from '../../src/report/errors.ts';

function refused(status: number, request = 'POST /v1/job-recipes/1/cook') {
  const error = new ServiceError({ trouble: 'refused', request, status, detail: 'no' });
  return describeError(error, 'cook recipe 1');
}

test.each([
  [302, 'redirected elsewhere', /Redirects are not followed/],
  [399, 'redirected elsewhere', /Redirects are not followed/],
  [400, 'the request was rejected', /as the response says/],
  [401, 'the API key was not accepted', /belong together/],
  [402, 'payment required', /balance/],
  [403, 'access denied', /any IP address/],
  [404, 'not found', /Check the UUID/],
  [408, 'server error', /may have processed the request/],
  [409, 'the request was rejected', /as the response says/],
  [413, 'the request is too large', /Shorten/],
  [422, 'the request is invalid', /the field that the response names/],
  [429, 'too many requests', /fewer workflows at once/],
  [500, 'server error', /may have processed the request/],
  [503, 'server error', /may have processed the request/],
])('HTTP %i to a cook is: %s', (status, title, remedy) => {
  const message = refused(status);
  expect(message.title).toBe(`Could not cook recipe 1: ${title}`);
  expect(message.cause).toContain(`HTTP ${status} to POST`);
  expect(message.remedy).toMatch(remedy);
});

test.each([
  ['allowed_region_codes: unknown field', /^Correct or remove allowed-region-codes/],
  [
    'gpu_name: no such GPU',
    /^Change the field that the response names, in the inputs or in the recipe\.$/,
  ],
])('of regions only a refusal of them speaks: %s', (detail, remedy) => {
  const error = new ServiceError({ trouble: 'refused', request: 'POST /x', status: 422, detail });
  expect(describeError(error, 'cook recipe 1').remedy).toMatch(remedy);
});

test('a read that failed has changed nothing', () => {
  expect(refused(503, 'GET /v1/jobs/1').remedy).toBe('Run the workflow again later.');
});

test('an interrupt is no bug', () => {
  const { title, remedy } = describeError(new InterruptedError(), 'watch job 1');
  expect(title).toBe('Could not watch job 1: interrupted');
  expect(remedy).not.toContain('bug');
});
