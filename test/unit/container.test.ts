import { describe, expect, test } from '@jest/globals';
import { container, readEnvironmentLines } from '../../src/inputs/container.ts';
import type { Parse } from '../../src/inputs/tree.ts';
import { read } from '../support/parse.ts';

describe('container', () => {
  test.each<[unknown, unknown]>([
    [{}, {}],
    [{ image: '', tag: 'a' }, { tag: 'a' }],
    [{ env: { A: '', B: '1' } }, { env: { A: '', B: '1' } }],
    [{ type: 'docker', parameters: { ports: ['80'] } }, { ports: [80] }],
    [{ parameters: { tag: 'a' } }, { tag: 'a' }],
    [{ volumes: [{ mount: '/a', tag: '' }, {}] }, { volumes: [{ mount: '/a' }, {}] }],
    [
      { volumes: [{ munt: '/a' }] },
      '.volumes[0]! "munt" is not a known field; did you mean mount?',
    ],
    [
      { unknown: '' },
      expect.stringMatching(/^! "unknown" is not a known field; known fields are image, /),
    ],
    [{ env: { A: '1', zT9xQ1: null } }, '.env.zT9xQ1! cannot be null: use "" or "null", in quotes'],
    [
      { env: { 'x y=z': '1' } },
      expect.stringMatching(/^\.env\[0\]! is not a valid name: use a letter/),
    ],
    [{ env: ['A=1'] }, '.env! must be a mapping of names to values'],
    [null, '! must be a mapping of names to values'],
  ])('%j', (given, result) => {
    expect(read(container, given)).toEqual(result);
  });
});

describe('environment lines', () => {
  test.each<[string, unknown]>([
    ['A=1', { A: '1' }],
    ['A=\nB==', { A: '', B: '=' }],
    ['  A.b-c=1\t', { 'A.b-c': '1\t' }],
    ['\n \nA=" x "', { A: '" x "' }],
    ['A=1\rB=2', { A: '1', B: '2' }],
    ['A', '! line 1 has no `=`: use KEY=VALUE, one per line'],
    ['A=1\n\nB', '! line 3 has no `=`: use KEY=VALUE, one per line'],
    ['# A=1\n  #\nB=2 # 3\n#', { B: '2 # 3' }],
    ['A =1', expect.stringMatching(/^! line 1 has an invalid name: use a letter/)],
    ['A<<E\n1\n\n#2=\nE\nB=2', { A: '1\n\n#2=', B: '2' }],
    ['  A<<E \r\n x\r\nE \r\n', { A: ' x' }],
    ['A<<E\nE', { A: '' }],
    ['A=<<E', { A: '<<E' }],
    ['A<<E\n1\nE\nA=2', '! line 4 sets "A" a second time'],
    [
      'A<<E\nB=1\n E',
      '! line 1 starts a value of several lines for "A", but no later line is its delimiter',
    ],
    [
      'A<<\n1\n\n',
      '! line 1 starts a value of several lines for "A", but no later line is its delimiter',
    ],
    ['<<E\n1\nE', expect.stringMatching(/^! line 1 has an invalid name/)],
    ['A=1\nA=2', '! line 2 sets "A" a second time'],
  ])('%j', (given, result) => {
    const parse: Parse<unknown> = () => readEnvironmentLines(given);
    expect(read(parse, given)).toEqual(result);
  });
});
