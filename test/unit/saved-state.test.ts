import { expect, test } from '@jest/globals';
import { newEntryFacts, newStepFacts } from '../../src/custody/facts.ts';
import { readSavedState, saveEntry, savePolicy, saveStep } from '../../src/custody/saved-state.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const policy = { onTimeout: 'fail', onWorkflowCancel: 'detach', onJobEnd: 'keep' } as const;
const facts = (sends: number) => ({ ...newEntryFacts('cook-1-a'), sends });

/** What post reads of what main saved. */
function readAfter(save: (main: ReturnType<typeof rememberingRunner>) => void) {
  const main = rememberingRunner({});
  save(main);
  return readSavedState(rememberingRunner({}, main.kept));
}

test('where nothing was sent, nothing is read', () => {
  expect(readAfter(() => {})).toBeNull();
});

test('each entry is read up to the first that was not saved, and what cannot be read is left out', () => {
  const saved = readAfter((main) => {
    savePolicy(main, policy);
    saveEntry(main, 0, facts(1));
    main.saveState('entry-1', '"x"');
    saveEntry(main, 2, facts(2));
    saveEntry(main, 2, facts(3));
  });
  expect(saved?.entries.map(({ sends }) => sends)).toEqual([1, 3]);
  expect(saved).toMatchObject({ policy, step: newStepFacts, pendingSha: '' });
});

test('the facts of the step are read as they were saved last', () => {
  const last = { ends: ['timeout' as const], hasVerdict: true };
  const saved = readAfter((main) => {
    savePolicy(main, policy);
    saveStep(main, newStepFacts);
    saveStep(main, last);
  });
  expect(saved?.step).toEqual(last);
});

test.each(['', '{}', '"x"', JSON.stringify({ ...facts(1), sends: '2' })])(
  'an entry that was saved as %s is none',
  (text) => {
    const saved = readAfter((main) => {
      savePolicy(main, policy);
      main.saveState('entry-0', text);
    });
    expect(saved?.entries).toEqual([]);
  },
);
