import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHtml } from 'hast-util-from-html';
import { InputError, ServiceError } from '../../src/errors.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { renderInputProblems, renderSummary, writeSummary } from '../../src/report/summary.ts';
import { rawHtml } from '../browser/github.ts';
import { scenes } from '../browser/scenes.ts';
import { foreignOutcome, foreignText } from '../support/foreign.ts';
import { fakeOutcome, fakeRun, inOrder, uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const mebibyte = 1_048_576;
const bytesOf = (text: string) => Buffer.byteLength(text, 'utf8');

// Every element that our own Markdown gives, with the attributes it has.
const ownMarkup = new Set([
  'h3',
  'p',
  'ul',
  'li',
  'br',
  'span',
  'code',
  'code.className',
  'pre',
  'details',
  'details.open',
  'summary',
  'samp',
  'b',
  'table',
  'tbody',
  'tr',
  'th',
  'th.align',
  'td',
  'td.align',
  'td.noWrap',
  'a.href=https://console.dispersed.com/jobs',
]);

type Node = ReturnType<typeof fromHtml> | ReturnType<typeof fromHtml>['children'][number];

/** Names of the elements and attributes in HTML, comments too. */
function markupOf(node: Node): readonly string[] {
  if (node.type === 'comment') return ['comment'];
  const inside = 'children' in node ? node.children.flatMap(markupOf) : [];
  if (node.type !== 'element') return inside;
  // A link is what it leads to.
  if (node.tagName === 'a') return [`a.href=${String(node.properties['href'])}`, ...inside];
  const attributes = Object.keys(node.properties).map((name) => `${node.tagName}.${name}`);
  return [node.tagName, ...attributes, ...inside];
}

const render = (outcomes: readonly Outcome[]) => renderSummary(inOrder(outcomes));

const strangersIn = (markdown: string) =>
  markupOf(fromHtml(rawHtml(markdown), { fragment: true })).filter((name) => !ownMarkup.has(name));

/** How many cells the rows of each table have. */
function widthsOf(markdown: string): readonly ReadonlySet<number>[] {
  return [...markdown.matchAll(/^<table>\n([^]*?)\n<\/table>$/gm)].map(
    ([, rows = '']) => new Set(rows.split('\n').map((row) => row.split(/<t[hd][ >]/).length)),
  );
}

const timelinesIn = (markdown: string) =>
  [...markdown.matchAll(/^```text\n(.*?)\n```$/gms)].map(([, text = '']) => text);

// A line of a timeline is all ours: number and bar, the axis, the legend.
const ownTimelineLine = /^(?:#\d+)? *(?:[░▒█ ]*|0 +[\w+. ]+|░ queued {2}▒ starting {2}█ running)$/u;

describe('whatever the service says', () => {
  test('the summary is ours alone', () => {
    fc.assert(
      fc.property(fc.array(foreignOutcome, { minLength: 1, maxLength: 4 }), (outcomes) => {
        const markdown = render(outcomes);
        expect(strangersIn(markdown)).toEqual([]);
        expect(bytesOf(markdown)).toBeLessThan(mebibyte);
        for (const widths of widthsOf(markdown)) expect(widths.size).toBe(1);
        for (const line of timelinesIn(markdown).flatMap((text) => text.split('\n')))
          expect(line).toMatch(ownTimelineLine);
      }),
      { numRuns: 150 },
    );
  });

  test('so is what is said of inputs', () => {
    fc.assert(
      fc.property(foreignText, foreignText, (input, message) => {
        const markdown = renderInputProblems('Bad', new InputError([{ input, message }]));
        expect(strangersIn(markdown)).toEqual([]);
      }),
    );
  });

  test('this test would notice', () => {
    expect(strangersIn('a <b>x</b> https://evil.example')).toEqual(['a.href=https://evil.example']);
    expect(strangersIn('![x](y)')).toEqual(['img', 'img.src', 'img.alt']);
    const rows = ['<tr><td>a</td><td nowrap>b</td></tr>', '<tr><td>c</td></tr>'];
    expect(widthsOf(['<table>', ...rows, '</table>'].join('\n'))).toEqual([new Set([3, 2])]);
  });
});

const big = (length: number) => '<&|`😀 '.repeat(length / 7);

function many(count: number, changes: Partial<Outcome>): readonly Outcome[] {
  return Array.from({ length: count }, (_, index) =>
    fakeOutcome(changes, {
      uuid: uuidNumber(index + 1),
      title: `${index} ${big(300)}`,
      status: big(120),
      status_reason: big(9_000),
      gpu_name: `${index} ${big(300)}`,
    }),
  );
}

const wordy: Partial<Outcome> = {
  result: 'failed',
  logTail: Array.from({ length: 500 }, () => big(6_000)),
  results: Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`${index} ${big(600)}`, big(600)]),
  ),
  runs: Array.from({ length: 30 }, (_, index) =>
    fakeRun({}, { started: 100 * index + 50, ended: 100 * index + 80 }),
  ),
};

const jobRow = /^<tr><td.*<span>#<\/span>\d+/gm;

describe('a summary that would be too long', () => {
  /** As the runner gets it. */
  async function written(outcomes: readonly Outcome[]): Promise<string> {
    const runner = rememberingRunner({});
    await writeSummary(runner, () => renderSummary(inOrder(outcomes)));
    return runner.summary();
  }

  test.each([1, 60, 2_000])('of %i jobs fits, and shows the end of some logs', async (count) => {
    const markdown = await written(many(count, wordy));
    expect(bytesOf(markdown)).toBeLessThan(mebibyte);
    expect(markdown).toMatch(/^### ❌ /);
    expect(markdown).toContain('<pre>');
    expect(strangersIn(markdown)).toEqual([]);
  });

  test('has what went wrong beside a thousand jobs that succeeded', async () => {
    const good = many(1_000, { result: 'succeeded' });
    const bad = fakeOutcome({ result: 'failed' }, { title: 'The one', status: 'FAILED' });
    const markdown = await written([...good, bad]);
    expect(markdown).toContain('</span>1001 The one</b> failed');
    expect(markdown.match(jobRow)).toHaveLength(1 + 200 + 200);
    expect(markdown).toContain('\n800 more rows are in the output `jobs-path`.');
  });
});

test('more than 20 jobs that succeeded are folded, and have no timeline', () => {
  const jobs = (count: number) =>
    render(
      Array.from({ length: count }, (_, index) => fakeOutcome({}, { uuid: uuidNumber(index) })),
    );
  expect(jobs(21)).toContain('<details><summary>21 jobs succeeded</summary>');
  expect(jobs(20)).not.toContain('jobs succeeded</summary>');
  expect(timelinesIn(jobs(20))[0]?.split('\n')).toHaveLength(22);
  expect(timelinesIn(jobs(21))).toEqual([]);
});

test('a job that ran once has no timeline, and one that ran again has', () => {
  const again = [
    fakeRun({ status: 'FAILED' }, { started: 95, ended: 190 }),
    fakeRun({}, { started: 260, ended: 412 }),
  ];
  expect(timelinesIn(render([fakeOutcome()]))).toEqual([]);
  expect(timelinesIn(render([fakeOutcome({ runs: again })]))[0]?.split('\n')).toEqual([
    '    ░░░▒▒▒▒███████░░░░░███████████',
    '    0                       6m 52s',
    '    ░ queued  ▒ starting  █ running',
  ]);
});

test('nor is a timeline drawn where a job has not ended, or all took no time', () => {
  const open = fakeOutcome({ result: 'detached' }, { status: 'RUNNING' }, { started: 95 });
  expect(timelinesIn(render([fakeOutcome(), fakeOutcome(), open]))).toEqual([]);
  const short = fakeOutcome({ runs: [], timeline: [] }, {}, { started: 0, ended: 0.2 });
  expect(timelinesIn(render([short, short]))).toEqual([]);
});

test.each([
  ['BATCH', 'Not running yet, and billed once running'],
  ['PERSISTENT', 'Not running yet, but already billed'],
])('a %s job in the queue is not said to run', (task, words) => {
  const queued = fakeOutcome({ result: 'submitted', runs: [] }, { status: 'PENDING', task }, {});
  expect(render([queued])).toContain(`<b>${words}</b>: `);
});

test('with a key that is no longer accepted, only the console stops a job', () => {
  const request = 'GET /v1/jobs/1';
  const error = new ServiceError({ trouble: 'refused', request, status: 401, detail: 'expired' });
  const lost = fakeOutcome({ result: 'error', ending: 'lost', error }, { status: 'RUNNING' });
  const markdown = render([lost]);
  expect(markdown).toContain('<b>How to stop:</b> use <a href=');
  expect(markdown).not.toContain('dispersed-cook/cancel');
});

test('what is between backticks is code, also where GitHub reads no Markdown', () => {
  const message = 'use `recipes: |`, not `a & b` or `<b>`, a`b c`d';
  const html = renderInputProblems('Bad', new InputError([{ input: 'x', message }]));
  expect(html).toContain(
    ': use <code>recipes: |</code>, not <code>a &amp; b</code> or <code>`&lt;b&gt;`,</code> a`b c`d</li>',
  );
});

test('what happened to several jobs is said once', () => {
  const jobs = [3, 3, 4].map((code) =>
    fakeOutcome({ result: 'failed' }, { status: 'FAILED', status_reason: `exit code ${code}` }),
  );
  const markdown = render(jobs);
  expect(markdown.match(/<p>.*<\/b>.*?exit code \d/g)).toEqual([
    '<p>❌ <b><span>#</span>1 Render three frames, <span>#</span>2 Render three frames</b>: Each failed with exit code 3',
    '<p>❌ <b><span>#</span>3 Render three frames</b> failed with exit code 4',
  ]);
});

test('results may have the names of what every object inherits', () => {
  const outcomes = [{ valueOf: 1 }, { x: 2 }].map((results) => fakeOutcome({ results }));
  expect(render(outcomes)).toContain('<td></td><td>2</td>');
});

test('a line of a log keeps its indentation and loses its colours', () => {
  const logTail = ['\u001b[31m  File "x.py"\u001b[0m', '\tif a < b:', 'done'];
  const markdown = render([fakeOutcome({ result: 'failed', logTail }, { status: 'FAILED' })]);
  expect(markdown).toContain('<pre>\n  File "x.py"\n    if a &lt; b:\ndone\n</pre>');
});

test.each(Object.keys(scenes))('%s reads well', (name) => {
  expect(render(scenes[name] ?? []).split('\n')).toMatchSnapshot();
});

test.each<[string, readonly Outcome[]]>([
  ['no job', [fakeOutcome({ result: 'error', job: null, runs: [], error: new Error('HTTP 500') })]],
  ['old host', [fakeOutcome({ runs: [] }, { created_at: '2026-06-01', started_at: '2026-06-01' })]],
  [
    'cancelled in the queue',
    [
      fakeOutcome({ result: 'cancelled', runs: [] }, { status: 'CANCELLED' }, { ended: 30 }),
      fakeOutcome({ origin: 'attached', result: 'detached', runs: [] }, { status: 'PENDING' }, {}),
    ],
  ],
])('%s reads well', (_, outcomes) => {
  expect(render(outcomes).split('\n')).toMatchSnapshot();
});

test.each<[string, Partial<Outcome>, string]>([
  [
    'runs as was asked',
    { result: 'running' },
    '<b>Still running, and billed</b>, 0.69 USD an hour',
  ],
  [
    'is not known any more',
    { result: 'error', ending: 'lost' },
    '<b>May still be running, and billed</b>',
  ],
  [
    'was not canceled',
    { result: 'timed-out', cancel: 'failed' },
    '<b>May still be running, and billed</b>',
  ],
])('of a job that %s, no more is said than is known', (_, change, words) => {
  const markdown = render([fakeOutcome(change, { status: 'RUNNING' })]);
  expect(markdown).toContain(words);
  expect(markdown).toContain('cancel</code> with <code>job-uuids</code> set to <samp>0198ac1c');
});

test('a job that is stopped with the workflow job is not said to run on', () => {
  const running = [fakeOutcome({ result: 'running' }, { status: 'RUNNING' })];
  const markdown = renderSummary(running, { stopsWithJob: true });
  expect(markdown).toContain("Stops when the workflow's job ends.");
  expect(markdown).not.toContain('How to stop');
});

test('results are columns of the table, at most four', () => {
  const results = { a: 1, b: 2 / 3, c: 'x', d: [1], e: 5 };
  const markdown = render([fakeOutcome({ results })]);
  expect(markdown).toContain('<th align="left">d</th><th align="right">Waited</th>');
  expect(markdown).toContain('<td>0.666667</td><td>x</td>');
});

test('a summary that GitHub would drop as too large is cut between its lines', async () => {
  const runner = rememberingRunner({});
  const rows = Array.from({ length: 300_000 }, (_, row) => `| é ${row} |`);
  await writeSummary(runner, () => rows.join('\n'));
  const summary = runner.summary();
  expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576);
  const lines = summary.split('\n');
  expect(lines.slice(-3)).toEqual([
    '',
    'The rest of the summary did not fit. See the log of the step.',
    '',
  ]);
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
    expect.objectContaining({ level: 'warning', message: 'no space left ::error::x.' }),
  ]);
});

test('a summary that cannot be made is a warning too', async () => {
  const runner = rememberingRunner({});
  await writeSummary(runner, () => {
    throw new TypeError('no such thing');
  });
  expect(runner.annotations.map(({ level, message }) => [level, message])).toEqual([
    ['warning', 'no such thing.'],
  ]);
});

test('the file of the summary fits into a comment, and has the beginning of a long one', async () => {
  const runner = rememberingRunner({});
  await writeSummary(runner, () => 'short');
  expect(readFileSync(runner.outputs.get('summary-path') ?? '', 'utf8')).toBe('short');
  const rows = Array.from({ length: 20_000 }, (_, row) => `row ${row}`);
  await writeSummary(runner, () => rows.join('\n'));
  const text = readFileSync(runner.outputs.get('summary-path') ?? '', 'utf8');
  expect(text.length).toBeLessThanOrEqual(65_000);
  expect(text.length).toBeGreaterThan(64_800);
  expect(text).toMatch(/^row 0\nrow 1\n/);
});

test('each problem of the recipes is on a line of its own', () => {
  const problems = Array.from({ length: 60 }, (_, index) => ({
    input: `recipe ${index}: pin`,
    message: `does not match: ${'x'.repeat(100)}`,
  }));
  const outcome = fakeOutcome({ result: 'error', error: new InputError(problems), job: null });
  const markdown = renderSummary([outcome]);
  expect(markdown).toContain('60 problems with the recipes; nothing was cooked.');
  expect(markdown.match(/<br>recipe \d+: pin: does not match/g)).toHaveLength(60);
});
