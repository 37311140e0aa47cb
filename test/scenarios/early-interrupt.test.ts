import { describe, expect, test } from '@jest/globals';
import { cancel } from '../../src/commands/cancel.ts';
import { cook } from '../../src/commands/cook.ts';
import { wait } from '../../src/commands/wait.ts';
import { call } from '../simulator/client.ts';
import { endless, openSimulator, playOn, type Play } from './play.ts';

// A signal that has fired before the step listens to it: right after the process began.

const commands = { cook, wait, cancel };

async function playInterrupted(name: keyof typeof commands, inputs: Play['inputs'] = {}) {
  const scene: Play = { recipes: [endless], command: commands[name] };
  const simulator = await openSimulator(scene);
  if (name !== 'cook')
    await call(simulator, 'POST', `/v1/job-recipes/${simulator.recipeUuids[0]}/cook`, { body: {} });
  const jobUuid = simulator.jobs()[0]?.uuid ?? '';
  const played = await playOn(simulator, {
    ...scene,
    inputs: { 'job-uuids': jobUuid, ...inputs },
    during: async (_, interrupt) => {
      interrupt();
    },
  });
  await simulator.close();
  return { ...played, said: played.main.annotations.map(({ title }) => title).join('\n') };
}

describe('a step that is interrupted at once', () => {
  test('cook: cooks nothing, and is cancelled', async () => {
    const { main, statuses, said } = await playInterrupted('cook');
    expect(statuses.filter((status) => status !== 'CANCELLED')).toEqual([]);
    expect(main.outputs.get('result')).toBe('cancelled');
    expect(said).not.toContain('Internal error');
  });

  test('wait: leaves the job running by default', async () => {
    const { statuses, said } = await playInterrupted('wait');
    expect(statuses).toEqual(['RUNNING']);
    expect(said).not.toContain('Internal error');
  });

  test('wait: cancels the job where that was asked for', async () => {
    const { statuses, said } = await playInterrupted('wait', { 'on-workflow-cancel': 'cancel' });
    expect(statuses).toEqual(['CANCELLED']);
    expect(said).not.toContain('Internal error');
  });

  test('cancel: cancels the job all the same', async () => {
    const { statuses, said } = await playInterrupted('cancel');
    expect(statuses).toEqual(['CANCELLED']);
    expect(said).not.toContain('Internal error');
  });
});
