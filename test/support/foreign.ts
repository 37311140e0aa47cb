import fc from 'fast-check';
import type { Job, JobRun } from '../../src/service/schemas.ts';
import type { Json } from '../../src/service/json.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import type { Result } from '../../src/jobs/results.ts';
import { cookedAtMs, fakeOutcome, fakeRun, uuidNumber } from './outcomes.ts';

const pieces = fc.constantFrom(
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '</pre></details></td></table>',
  '<!--',
  '![x](https://evil.example/x.png)',
  '[x](javascript:alert(1))',
  'https://evil.example',
  'www.evil.example',
  'x@evil.example',
  '```',
  '``',
  '|',
  '\\',
  '\\|',
  '&lt;',
  '&#124;',
  '---',
  '# ',
  '> ',
  '* ',
  '1. ',
  '    ',
  '\n\n',
  '\r',
  '\t',
  '::error::',
  '##[error]',
  '%%{init: {}}%%',
  ':crit, 2000-01-01, 1d',
  ';',
  'section x',
  'click a href "https://evil.example"',
  '__proto__',
  '\u001b[31m',
  '\u202e',
  '\ud800',
  '😀',
  'x',
);

/** Text that tries to be more than text. */
export const foreignText: fc.Arbitrary<string> = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 30 }),
);

const instant = fc.oneof(
  fc.integer({ min: cookedAtMs - 60_000, max: cookedAtMs + 3_600_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

const run: fc.Arbitrary<JobRun> = fc
  .record({
    status: foreignText,
    started_at_ms: maybe(instant),
    ended_at_ms: maybe(instant),
    duration_ms: maybe(instant),
    hourly_rate_usd: maybe(fc.double({ min: -1, max: 100, noNaN: true })),
    node_urls: maybe(
      fc.array(
        fc.record({
          description: maybe(fc.oneof(fc.constant('ssh'), foreignText)),
          hostname: foreignText,
          port: fc.oneof(fc.integer(), fc.double()),
          protocol: maybe(foreignText),
          tls: maybe(fc.boolean()),
        }),
        { maxLength: 3 },
      ),
    ),
  })
  .map((changes) => fakeRun(changes));

const job: fc.Arbitrary<Partial<Job>> = fc.record({
  status: fc.oneof(
    fc.constantFrom('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'),
    foreignText,
  ),
  title: maybe(foreignText),
  status_reason: maybe(foreignText),
  task: maybe(fc.oneof(fc.constant('PERSISTENT'), foreignText)),
  gpu_name: maybe(foreignText),
  source_recipe_uuid: maybe(foreignText),
});

const result = fc.constantFrom<Result>(
  'succeeded',
  'running',
  'submitted',
  'detached',
  'failed',
  'cancelled',
  'timed-out',
  'error',
);

const results: fc.Arbitrary<Json> = fc.dictionary(foreignText, fc.oneof(foreignText, fc.double()), {
  maxKeys: 5,
});

/** Whatever may have become of a job, with foreign text wherever there is text. */
export const foreignOutcome: fc.Arbitrary<Outcome> = fc
  .record({
    job,
    hasJob: fc.integer({ min: 0, max: 9 }).map((number) => number > 0),
    result,
    runs: fc.array(run, { maxLength: 3 }),
    logTail: fc.array(foreignText, { maxLength: 5 }),
    results: maybe(results),
    error: maybe(foreignText),
    number: fc.integer({ min: 1, max: 999 }),
    pace: fc.record({ started: fc.integer({ min: 0, max: 99 }) }, { requiredKeys: [] }),
  })
  .map((made) => {
    const outcome = fakeOutcome(
      {
        result: made.result,
        runs: made.runs,
        logTail: made.logTail,
        results: made.results as Outcome['results'],
        error: made.error === null ? null : new Error(made.error),
      },
      { ...made.job, uuid: uuidNumber(made.number) },
      made.pace,
    );
    return made.hasJob ? outcome : { ...outcome, job: null };
  });
