import type { JsonMapping } from '../api/sign.ts';
import type { Outcome } from '../jobs/records.ts';
import type { Runner } from '../runtime.ts';
import { uuidOf } from '../jobs/metrics.ts';
import { nodeUrlsOf } from '../jobs/node-urls.ts';

/** Tells later steps where the logs are; at once, so that they know even if this process is killed. */
export function announceLogs(runner: Runner, folder: string): void {
  runner.output('logs-path', folder);
}

/** Sets the outputs that come from the jobs' runs, where there are any. */
export function writeRunOutputs(runner: Runner, outcomes: readonly Outcome[]): void {
  const urls = outcomes.flatMap(nodeUrlsOf);
  if (urls.length > 0) runner.output('node-urls', JSON.stringify(urls));
  const results = resultsOf(runner, outcomes);
  if (results !== null) runner.output('results', results);
}

// The outputs of a whole workflow job hold about 1 MB, and this step has others.
const maxCharacters = 500_000;

/** Of one job its own, of several an object by job UUID; null where there are none. */
function resultsOf(runner: Runner, outcomes: readonly Outcome[]): string | null {
  const reports = outcomes.filter(({ results }) => results !== null);
  if (reports.length === 0) return null;
  if (outcomes.length === 1) return JSON.stringify(reports[0]?.results);
  const members = reports.map((outcome) => member(uuidOf(outcome), outcome.results));
  let size = 0;
  const kept = members.filter((text) => (size += text.length) <= maxCharacters);
  const left = members.length - kept.length;
  if (left > 0) {
    runner.annotate(
      'warning',
      'The output results is not complete',
      `The results of ${left} jobs do not fit into the ${maxCharacters / 1000} KB that it may have. Each job's are in its log.`,
    );
  }
  return `{${kept.join(',')}}`;
}

function member(uuid: string | null, results: JsonMapping | null): string {
  return `${JSON.stringify(uuid ?? '')}:${JSON.stringify(results)}`;
}
