import { expect, test } from '@jest/globals';
import { createRunnerModel, readLog } from '../runner/model.ts';

// The stand-in for GitHub's runner takes printed text as the runner does.

test('commands count at the start of a line after any line end, and in brackets anywhere', () => {
  const log =
    'a\r::error title=T::one%0Atwo\nb ##[warning]three\r\n  ::notice::four\nc ::error::no';
  expect(readLog(log).annotations).toEqual([
    { level: 'error', title: 'T', message: 'one\ntwo' },
    { level: 'warning', title: '', message: 'three' },
    { level: 'notice', title: '', message: 'four' },
  ]);
});

test('a mask holds from its line on, in each line of a text, in lines and annotations', () => {
  const log =
    'hunter2\n::add-mask::hunter2%0Aswordfish\nhunter2 swordfish\n::error title=hunter2::swordfish';
  const { lines, annotations } = readLog(log);
  expect(lines).toEqual(['hunter2', '::add-mask::***%0A***', '*** ***', '::error title=***::***']);
  expect(annotations).toEqual([{ level: 'error', title: '***', message: '***' }]);
});

test('between stop-commands and its token nothing is a command', () => {
  const { annotations, masks } = readLog(
    '::stop-commands::t0k\n::error::a\n##[add-mask]b\n::t0k::\n::error::c',
  );
  expect(annotations.map(({ message }) => message)).toEqual(['c']);
  expect(masks).toEqual([]);
});

test('text in pieces is taken line by line', () => {
  const { take, end, lines } = createRunnerModel();
  for (const piece of ['one', ' line\r', '\ntwo\r', 'three\n', 'four\r']) take(piece);
  expect(lines).toEqual(['one line', 'two', 'three']);
  end();
  expect(lines).toEqual(['one line', 'two', 'three', 'four']);
});
