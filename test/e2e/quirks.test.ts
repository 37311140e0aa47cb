import { expect, jest, test } from '@jest/globals';
import { findCommands } from '../runner/commands.ts';
import type { StepResult } from '../runner/step.ts';
import type { Fault, RecipeScript } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import { endless, onStage, short } from './stage.ts';

// What is documented nowhere, of the service and of the runner: each way it may turn out, on the
// committed `dist`.

// They mostly wait, each for its own clock.
jest.setTimeout(90_000);

const lostAnswer: Fault = { method: 'POST', when: 'after', kind: { type: 'close' } };
const said = ({ log }: StepResult, level: string) =>
  findCommands(log)
    .filter(({ name }) => name === level)
    .map(({ message }) => message);

test.concurrent.each([
  ['have no descriptions', { hidesDescriptions: true }],
  ['have small pages and no total', { maxPage: 3, hidesTotal: true }],
  ['have date-times without a zone', { hidesZone: true }],
])('a lost job is found in lists that %s', async (_, quirks) => {
  await onStage({ recipes: [short], quirks, faults: [lostAnswer] }, async (stage) => {
    stage.simulator.cookForOthers(stage.simulator.recipeUuids[0] ?? '', 10);
    const { outputs } = await stage.start().done;
    expect(outputs['result']).toBe('succeeded');
    expect(stage.statuses()).toEqual(['COMPLETED']);
  });
});

test.concurrent(
  'a description that is cut is told: without its mark no lost job is found',
  async () => {
    await onStage({ recipes: [short], quirks: { maxDescription: 20 } }, async ({ start }) => {
      const step = await start().done;
      expect(step.outputs['result']).toBe('succeeded');
      expect(said(step, 'warning').join('\n')).toContain('no longer ends with the mark');
    });
  },
);

const image = { image: 'example/train', secret: 'hidden-secret-1' };
const recipe: RecipeScript = {
  ...short,
  payload: { parameters: { type: 'docker', parameters: image } },
};

test.concurrent(
  'a recipe that hides its container: what the inputs set is sent, and that is told',
  async () => {
    const options = { recipes: [recipe], quirks: { recipe: 'hides-payload' } } as const;
    await onStage(options, async ({ start }) => {
      const step = await start({ with: { parameters: 'image: example/train' } }).done;
      expect(step.outputs['result']).toBe('succeeded');
      expect(said(step, 'warning').join('\n')).toContain('does not show the container parameters');
    });
  },
);

test.concurrent(
  'a recipe that shows stars for its secrets: they are not sent in their place',
  async () => {
    const options = { recipes: [recipe], quirks: { recipe: 'masks-secrets' } } as const;
    await onStage(options, async ({ start, statuses }) => {
      const step = await start({ with: { env: 'SHARD=1' } }).done;
      expect(step.outputs['result']).toBe('error');
      expect(said(step, 'error').join('\n')).toContain('parameters (secret)');
      expect(statuses()).toEqual([]);
    });
  },
);

// Windows has no SIGTERM: its second signal arrives as SIGBREAK, which cannot be sent elsewhere.
const onUsr2 = `process.on('SIGUSR2', () => process.emit('SIGBREAK'))`;
const env = { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(onUsr2)}"` };

test.concurrent.each([
  ['SIGINT and no second signal', ['SIGINT']],
  ['SIGBREAK alone', ['SIGUSR2']],
  ['SIGINT, then SIGBREAK', ['SIGINT', 'SIGUSR2']],
] as const)('%s: all jobs are cancelled', async (_, signals) => {
  await onStage({ recipes: [endless, endless] }, async ({ start, statuses, count }) => {
    const step = start({ env });
    await until(() => statuses().length === 2 && count('GET') > 2);
    for (const signal of signals) step.process.kill(signal);
    const { exitCode } = await step.done;
    expect(exitCode).toBe(1);
    expect(statuses()).toEqual(['CANCELLED', 'CANCELLED']);
  });
});
