import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHtml } from 'hast-util-from-html';
import type { Outcome } from '../../src/jobs/records.ts';
import { reportOutcomes } from '../../src/report/report.ts';
import { createLogPrinter } from '../../src/report/container-log.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { githubHtml } from '../browser/github.ts';
import { maskLines } from '../runner/mask.ts';
import { fakeOutcome, uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

// What GitHub alone knows as a secret is masked in our text as it is written, before it is rendered:
// nothing that we encode may keep it from that. (What is too long is cut, wherever that is.)

const secrets = [
  'ghp_Zx81Kq_Vt3mWc7Rb5Nd9',
  'github_pat_11A__klmn_OPQ',
  'hf_tRqWzXcVbNmLkJhGfDsAq',
  'sk_51H-8_Yx.Zw~Vu+=Rq/Po',
  'eyJhbGc.In0._SflKx-6POk_',
  'p@ss#1w$rd&9*b~c^d!e:f;g',
  '<tag>&amp;"quo\'ted\\n',
];

type Node = ReturnType<typeof fromHtml> | ReturnType<typeof fromHtml>['children'][number];
const textOf = (node: Node): string => {
  if (node.type === 'text') return node.value;
  return 'children' in node ? node.children.map(textOf).join('') : '';
};

/** Parts of secrets, long enough to be none of our own words. */
function leaks(text: string): readonly string[] {
  const parts = secrets.flatMap((secret) =>
    Array.from({ length: secret.length - 7 }, (_, at) => secret.slice(at, at + 8)),
  );
  return parts.filter((part) => text.includes(part));
}

const filler = fc.constantFrom('wo ', 'a-b-', 'x', ' ', '`a` ', '<b> ', 'é', '| ');
const before = fc
  .tuple(filler, fc.nat(6), fc.constantFrom('', ' ', ': ', '"', '=', '`'))
  .map(([piece, length, end]) => piece.repeat(length / piece.length) + end);
const after = fc.constantFrom('', ' ', '"', ', then', '…', '` |');
const text = fc
  .tuple(before, fc.constantFrom(...secrets), after)
  .map(([start, secret, end]) => start + secret + end);

const outcome: fc.Arbitrary<Outcome> = fc
  .record({ title: text, reason: text, line: text, value: text, status: text, gpu: text })
  .map(({ title, reason, line, value, status, gpu }) =>
    fakeOutcome(
      { result: 'failed', logTail: [line, reason], results: { key: value, [value]: title } },
      { uuid: uuidNumber(1), title, status, status_reason: reason, gpu_name: gpu },
    ),
  );

const jobs = fc.array(outcome, { minLength: 1, maxLength: 3 });

test('no part of a masked secret shows in the summary', () => {
  fc.assert(
    fc.property(jobs, (outcomes) => {
      const masked = maskLines(renderSummary(outcomes), secrets);
      const shown = textOf(fromHtml(githubHtml(masked), { fragment: true }));
      expect(leaks(shown)).toEqual([]);
      expect(leaks(masked)).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('nor in what is printed', async () => {
  await fc.assert(
    fc.asyncProperty(jobs, async (outcomes) => {
      const runner = rememberingRunner({});
      const printer = createLogPrinter(runner.print, '/logs', 1);
      // A longer line is shown in rows, which are cut by characters.
      const lines = outcomes.flatMap(({ logTail }) => logTail).filter(({ length }) => length < 900);
      for (const line of lines) printer.line(line, 1);
      runner.startGroup(outcomes[0]?.job?.title ?? '');
      await reportOutcomes(runner, outcomes, { isFine: () => false });
      const annotations = runner.annotations.map(({ title, message }) => `${title}\n${message}`);
      const masked = maskLines([...runner.lines, ...annotations].join('\n'), secrets);
      expect(leaks(masked)).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('this test would notice a part, and an entity', () => {
  const [secret = ''] = secrets;
  expect(leaks(maskLines(secret, secrets))).toEqual([]);
  expect(leaks(maskLines(secret.slice(0, -1), secrets))).not.toEqual([]);
  const html = fromHtml(githubHtml(maskLines(secret.replace('_', '&#95;'), secrets)));
  expect(leaks(textOf(html))).not.toEqual([]);
});
