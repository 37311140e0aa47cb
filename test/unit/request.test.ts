import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JsonMapping } from '../../src/service/json.ts';
import { canonicalJson } from '../../src/service/sign.ts';
import type { CookInputs } from '../../src/inputs/cook.ts';
import type { StepIdentity } from '../../src/inputs/context.ts';
import { bodyOf, merge, createRequests } from '../../src/cooking/request.ts';
import { fakeRunRef } from '../support/outcomes.ts';
import { cookRequest } from '../support/plans.ts';

const recipe = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const inputs = {
  recipes: [{ uuid: recipe }, { uuid: recipe }],
  fields: { title: 'Nightly' },
} as unknown as CookInputs;
const step: StepIdentity = {
  repository: 'acme/renders',
  runId: '1',
  runAttempt: 1,
  workflow: 'Nightly',
  job: 'render',
  matrixIndex: '0',
  step: '__run',
};
const nonce = '0123456789abcdef';
const marksOf = (given: CookInputs, of: StepIdentity, drawn = nonce) =>
  createRequests(given, of, drawn).map(({ mark }) => mark);

test('the same inputs in the same step give the same marks', () => {
  expect(marksOf(inputs, step)).toEqual(marksOf(inputs, { ...step }));
});

test('a mark differs with all that tells two cooks apart', () => {
  const changes: readonly Partial<StepIdentity>[] = [
    { repository: 'acme/other' },
    { runId: '2' },
    { runAttempt: 2 },
    { workflow: 'Daily' },
    { job: 'train' },
    { matrixIndex: '1' },
    { step: '__run_2' },
  ];
  const marks = [
    ...marksOf(inputs, step),
    ...changes.flatMap((change) => marksOf(inputs, { ...step, ...change })),
    ...marksOf({ ...inputs, fields: { title: 'Other' } }, step),
    // Two steps of one composite action have all but this in common.
    ...marksOf(inputs, step, 'fedcba9876543210'),
  ];
  expect(new Set(marks).size).toBe(2 * (changes.length + 3));
});

test('a mark has the names of the environment, and no value that a later attempt draws anew', () => {
  const marksWith = (env: JsonMapping, more: JsonMapping = {}) =>
    marksOf({ ...inputs, env, parameters: { image: 'render', ...more } } as CookInputs, step);
  const first = marksWith({ UPLOAD_URL: 'https://store/?X-Amz-Date=1' }, { secret: 'ghs_1' });
  const second = marksWith({ UPLOAD_URL: 'https://store/?X-Amz-Date=2' }, { secret: 'ghs_2' });
  expect(second).toEqual(first);
  expect(marksWith({ OTHER_URL: 'https://store/?X-Amz-Date=1' })).not.toEqual(first);
  expect(marksWith({}, { image: 'train' })).not.toEqual(marksWith({}));
});

test('the description ends with the mark', () => {
  const run = fakeRunRef();
  const [request] = createRequests(inputs, step, nonce, run);
  expect(request?.mark).toMatch(/^cook-[0-9a-f]{32}-0123456789abcdef$/);
  expect(request?.fields).toEqual({
    title: 'Nightly',
    description: `Cooked by acme/renders, workflow "Nightly", run 1: https://github.com/acme/renders/actions/runs/1 [github.com/acme/renders 7 1.1 - keep Nightly] [${request?.mark}]`,
  });
});

// Mappings have keys of their own, so that none is ever laid on a scalar.
const scalars = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.string());
const around = (inner: fc.Arbitrary<JsonMapping>): fc.Arbitrary<JsonMapping> =>
  fc
    .tuple(scalars, fc.dictionary(fc.constantFrom('A', 'B', 'constructor'), inner))
    .map(([flat, nested]) => ({ ...flat, ...nested }));
const tree = around(around(scalars));
const text = (value: JsonMapping) => canonicalJson(value);

test('laying nothing, or the same again, changes nothing', () => {
  fc.assert(
    fc.property(tree, (one) => {
      expect(text(merge(one, {}))).toBe(text(one));
      expect(text(merge({}, one))).toBe(text(one));
      expect(text(merge(one, one))).toBe(text(one));
    }),
  );
});

test('layers can be laid on each other in any grouping', () => {
  fc.assert(
    fc.property(tree, tree, tree, (under, middle, over) => {
      const left = merge(merge(under, middle), over);
      expect(text(left)).toBe(text(merge(under, merge(middle, over))));
      // And what was laid last is there, whatever is below.
      expect(text(merge(left, over))).toBe(text(left));
    }),
  );
});

test.each<[JsonMapping, JsonMapping, JsonMapping]>([
  [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
  [{ a: { b: 1 } }, { a: 2 }, { a: 2 }],
  [{ a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
  [{ a: { b: 1, c: 1 } }, { a: { c: null } }, { a: { b: 1, c: null } }],
])('%j under %j gives %j', (under, over, merged) => {
  expect(merge(under, over)).toEqual(merged);
});

const requestWith = (container: JsonMapping) => cookRequest({ recipeUuid: recipe, container });

test.each<[string, JsonMapping | null]>([
  ['no payload', null],
  ['no container', {}],
  ['a container of an odd shape', { parameters: ['image'] }],
  ['an envelope of an odd shape', { parameters: { parameters: 'image' } }],
])('a recipe with %s has nothing below the request', (_, payload) => {
  expect(bodyOf(requestWith({ tag: 'a' }), { uuid: recipe, name: null, payload })).toEqual({
    parameters: { type: 'docker', parameters: { tag: 'a' } },
  });
});

describe('secrets of the recipe that the service shows as stars', () => {
  const stored = { secret: '***', env: { A: '******', B: '**' }, volumes: [{ secret: '***' }] };
  const payload = { parameters: { type: 'docker', parameters: stored } };
  const bodyWith = (container: JsonMapping) =>
    bodyOf(requestWith(container), { uuid: recipe, name: null, payload });

  test('are not sent in place of the secrets', () => {
    expect(() => bodyWith({ tag: 'a' })).toThrow(
      expect.objectContaining({
        problems: ['parameters (secret)', 'parameters (A)', 'parameters (secret)'].map((input) => ({
          input,
          message: expect.stringContaining('does not show'),
        })),
      }),
    );
  });

  test('are not what the inputs have: stars may be meant', () => {
    const container = { secret: 'a', env: { A: 'b', SEPARATOR: '*****' }, volumes: [] };
    expect(bodyWith(container)).toMatchObject({
      parameters: { parameters: { env: { SEPARATOR: '*****' } } },
    });
  });

  test('may be given anew', () => {
    const container = { secret: 'a', env: { A: 'b' }, volumes: [] };
    expect(bodyWith(container)).toEqual({
      parameters: { type: 'docker', parameters: { ...container, env: { A: 'b', B: '**' } } },
    });
  });
});
