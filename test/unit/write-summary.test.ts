import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { writeSummary } from '../../src/report/summary.ts';
import { rememberingRunner } from '../runner/in-process.ts';

test('a summary that GitHub would drop as too large is cut between its lines', async () => {
  const runner = rememberingRunner({});
  const rows = Array.from({ length: 300_000 }, (_, row) => `| é ${row} |`);
  await writeSummary(runner, () => rows.join('\n'));
  const summary = runner.summary();
  expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576);
  const lines = summary.split('\n');
  expect(lines.slice(-3)).toEqual(['', 'The rest did not fit.', '']);
  expect(lines.slice(0, -3)).toEqual(rows.slice(0, lines.length - 3));
  expect(lines.length).toBeGreaterThan(50_000);
});

test('one that fits is left alone, and trouble with it is a warning', async () => {
  const runner = rememberingRunner({});
  await writeSummary(runner, () => 'short');
  expect(runner.summary()).toBe('short');
  const fail = async () => Promise.reject(new Error('no space left\n::error::x'));
  await writeSummary({ ...runner, summarize: fail }, () => 'short');
  expect(runner.annotations).toEqual([
    expect.objectContaining({ level: 'warning', message: 'no space left ::error::x' }),
  ]);
});

test('a summary that cannot be made is a warning too', async () => {
  const runner = rememberingRunner({});
  await writeSummary(runner, () => {
    throw new TypeError('no such thing');
  });
  expect(runner.annotations.map(({ level, message }) => [level, message])).toEqual([
    ['warning', 'no such thing'],
  ]);
});

test('the file of the summary fits into a comment, and says what a long one has first', async () => {
  const runner = rememberingRunner({});
  await writeSummary(runner, () => 'short');
  expect(readFileSync(runner.outputs.get('summary-path') ?? '', 'utf8')).toBe('short');
  const rows = Array.from({ length: 20_000 }, (_, row) => `row ${row}`);
  await writeSummary(runner, (tier) => (tier === 'full' ? rows.join('\n') : 'compact'));
  expect(readFileSync(runner.outputs.get('summary-path') ?? '', 'utf8')).toBe('compact');
  await writeSummary(runner, () => rows.join('\n'));
  const text = readFileSync(runner.outputs.get('summary-path') ?? '', 'utf8');
  expect(text.length).toBeLessThanOrEqual(65_000);
  expect(text.length).toBeGreaterThan(64_900);
  expect(text).toMatch(/^row 0\nrow 1\n/);
});
