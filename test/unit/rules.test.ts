import { expect, test } from '@jest/globals';
import { noCeilings } from '../../src/money/ceilings.ts';
import type { JsonMapping } from '../../src/service/json.ts';
import {
  checkRules,
  checkWhole,
  type RelatedInputs,
  type JobInputs,
} from '../../src/inputs/rules.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const readyCheck = { port: 8080, path: '/' };
const gpu = { gpu_name: ['H100'], gpu_registry_uuid: uuid };

test.each<[string, Partial<RelatedInputs>, readonly string[]]>([
  ['nothing', {}, []],
  ['a GPU by name', { fields: { gpu_name: ['H100'] } }, []],
  ['a GPU by name, UUID null', { fields: { gpu_name: ['H100'], gpu_registry_uuid: null } }, []],
  ['a GPU both ways', { fields: gpu }, ['gpu-name']],
  [
    'a GPU both ways in two entries',
    { recipes: [{ uuid }, { uuid, ...gpu }] },
    [`recipes[1].gpu_name`],
  ],
  [
    'one way here, one way there',
    { fields: { gpu_name: ['H100'] }, recipes: [{ uuid, gpu_registry_uuid: uuid }] },
    [],
  ],
  ['PERSISTENT', { fields: { task: 'PERSISTENT' } }, []],
  [
    'PERSISTENT and bounded',
    { fields: { task: 'PERSISTENT', max_timeout_run_ms: 1 } },
    ['max-timeout-run'],
  ],
  [
    'PERSISTENT, and an entry is bounded',
    { fields: { task: 'PERSISTENT' }, recipes: [{ uuid, max_timeout_run_ms: 1 }] },
    ['recipes[0].max_timeout_run_ms'],
  ],
  [
    'bounded, and an entry is PERSISTENT',
    { fields: { max_timeout_run_ms: 1 }, recipes: [{ uuid, task: 'PERSISTENT' }] },
    ['recipes[0].max_timeout_run_ms'],
  ],
  [
    'bounded, and an entry is PERSISTENT and is not',
    {
      fields: { max_timeout_run_ms: 1 },
      recipes: [{ uuid, task: 'PERSISTENT', max_timeout_run_ms: null }],
    },
    [],
  ],
  [
    'PERSISTENT, and an entry is BATCH and bounded',
    { fields: { task: 'PERSISTENT' }, recipes: [{ uuid, task: 'BATCH', max_timeout_run_ms: 1 }] },
    [],
  ],
  [
    'an unbounded BATCH',
    { fields: { task: 'BATCH' }, recipes: [{ uuid, max_timeout_run_ms: null }] },
    ['recipes[0].max_timeout_run_ms'],
  ],
  [
    'wrong in the inputs is not wrong in each entry',
    { fields: { task: 'PERSISTENT', max_timeout_run_ms: 1 }, recipes: [{ uuid }, { uuid }] },
    ['max-timeout-run'],
  ],
  ['limited jobs', { 'max-parallel': 2, 'wait-until': 'completed', 'fail-fast': true }, []],
  ['limited jobs until they run', { 'max-parallel': 2, 'wait-until': 'running' }, ['max-parallel']],
  ['limited servers', { 'max-parallel': 2, fields: { task: 'PERSISTENT' } }, ['max-parallel']],
  [
    'limited servers until they have completed',
    { 'max-parallel': 2, 'wait-until': 'completed', fields: { task: 'PERSISTENT' } },
    [],
  ],
  [
    'limited jobs, one of them a server',
    { 'max-parallel': 2, recipes: [{ uuid }, { uuid, task: 'PERSISTENT' }] },
    ['max-parallel'],
  ],
  [
    'limited jobs, none of them a server',
    { 'max-parallel': 2, fields: { task: 'PERSISTENT' }, recipes: [{ uuid, task: 'BATCH' }] },
    [],
  ],
  [
    'max-cost alone, and nobody watches',
    { wait: false, ceilings: { maxHourlyRateUsd: null, maxCostUsd: 5 } },
    ['max-cost'],
  ],
  [
    'both ceilings, and nobody watches',
    { wait: false, ceilings: { maxHourlyRateUsd: 1, maxCostUsd: 5 } },
    [],
  ],
  [
    'an entry of a file',
    { 'recipes-file': [], recipes: [{ uuid, ...gpu }] },
    ['recipes-file[0].gpu_name'],
  ],
  ['no wait', { wait: false, 'max-parallel': 0, 'fail-fast': false }, []],
  [
    'no wait, and all that needs one',
    { wait: false, 'wait-until': 'running', 'max-parallel': 1, 'fail-fast': true },
    ['wait-until', 'max-parallel', 'fail-fast'],
  ],
  [
    'a server of which the only entry makes a batch',
    {
      'ready-check': readyCheck,
      fields: { task: 'PERSISTENT' },
      recipes: [{ uuid, task: 'BATCH', max_timeout_run_ms: 1 }],
    },
    ['ready-check'],
  ],
])('%s', (_, inputs, places) => {
  const given = { fields: {}, ceilings: noCeilings, ...inputs };
  expect(checkRules(given).map(({ input }) => input)).toEqual(places);
});

const noRules: JobInputs = { 'max-parallel': 0 };

test.each<[Record<string, string | number | null>, readonly string[]]>([
  [{ task: 'BATCH', max_timeout_run_ms: 60_000 }, []],
  [{ task: 'BATCH', max_timeout_run_ms: null }, ['max-timeout-run']],
  [{ task: 'BATCH' }, ['max-timeout-run']],
  // Which task a recipe has that names none is not known.
  [{}, []],
  [{ task: 'PERSISTENT' }, []],
  [{ task: 'PERSISTENT', max_timeout_run_ms: null }, []],
  [{ task: 'PERSISTENT', max_timeout_run_ms: 60_000 }, ['max-timeout-run']],
  [{ task: 'PERSISTENT', gpu_name: 'a', gpu_registry_uuid: 'b' }, ['gpu-name']],
  [{ task: 'PERSISTENT', gpu_name: 'a', gpu_registry_uuid: null }, []],
])('%j as a whole', (cook, places) => {
  expect(checkWhole(cook, noRules).map(({ input }) => input)).toEqual(places);
});

const ready = { ...noRules, 'ready-check': readyCheck };
const ports = (...list: readonly number[]) => ({
  parameters: { type: 'docker', parameters: { ports: list } },
});

test.each<[string, JsonMapping, JobInputs, readonly string[]]>([
  ['a server', { task: 'PERSISTENT' }, { ...noRules, 'max-parallel': 2 }, ['max-parallel']],
  [
    'a server to its end',
    { task: 'PERSISTENT' },
    { ...noRules, 'max-parallel': 2, 'wait-until': 'completed' },
    [],
  ],
  ['a batch', { task: 'BATCH', max_timeout_run_ms: 1 }, { ...noRules, 'max-parallel': 2 }, []],
  ['no such port', { task: 'PERSISTENT', ...ports(22, 80) }, ready, ['ready-check']],
  ['the port', { task: 'PERSISTENT', ...ports(22, 8080) }, ready, []],
  ['no list of ports', { task: 'PERSISTENT' }, ready, []],
  ['a batch that is not asked', { task: 'BATCH', max_timeout_run_ms: 1, ...ports(22) }, ready, []],
  [
    'a batch that is asked',
    { task: 'BATCH', max_timeout_run_ms: 1, ...ports(22) },
    { ...ready, 'wait-until': 'ready' },
    ['ready-check'],
  ],
])('with inputs that need the recipe: %s', (_, cook, rules, places) => {
  expect(checkWhole(cook, rules).map(({ input }) => input)).toEqual(places);
});
