import { formatDuration } from '../format.ts';
import { phaseSeconds, phasesOf, titleOf, type JobPhase } from '../../jobs/metrics.ts';
import { results } from '../../jobs/results.ts';
import { sanitizeLine } from '../sanitize.ts';
import { worstJobs, type NumberedOutcome } from './table.ts';

// Drawn with letters in a block of the language diff, whose lines GitHub colours by their first
// character, in light and dark: a mermaid diagram knows two results, and its labels run into each
// other on a narrow screen.

// More rows than this are not read.
const maxJobs = 20;
const maxPhases = 24;

// With the number and the time, as much as a phone shows.
const barWidth = 24;
// Beside it, the name of a phase and its time.
const phaseBarWidth = 20;

// Times that are further apart are no times of jobs.
const maxDurationMs = 400 * 86_400_000;

const inks: Readonly<Record<JobPhase['kind'], string>> = {
  queued: '░',
  starting: '▒',
  running: '█',
};

interface Scale {
  readonly startMs: number;
  readonly endMs: number;
}

/** How the jobs' lives went; empty where there is no more than one phase to see. */
export function renderTimeline(jobs: readonly NumberedOutcome[]): string {
  const shown = worstJobs(
    jobs.filter(({ outcome }) => phasesOf(outcome).length > 0),
    maxJobs,
  );
  const phases = shown.map(({ outcome }) => phasesOf(outcome).slice(-maxPhases));
  const scale = scaleOf(phases.flat());
  if (scale === null || !phases.some(({ length }) => length > 1)) return '';
  const [only] = shown;
  const lines =
    jobs.length === 1 && only !== undefined
      ? phaseLines(only, phases.flat(), scale)
      : shown.map((job, index) => jobLine(job, phases[index] ?? [], scale));
  return ['```diff', ...lines, '```', '', legend(scale, shown.length, jobs.length)].join('\n');
}

/** @returns null where there is nothing to draw, or nothing that could be read */
function scaleOf(phases: readonly JobPhase[]): Scale | null {
  const instants = phases.flatMap(({ fromMs, toMs }) => (toMs === null ? fromMs : [fromMs, toMs]));
  const startMs = Math.min(...instants);
  const lastMs = Math.max(...instants);
  const spanMs = lastMs - startMs;
  if (!(spanMs > 0 && spanMs < maxDurationMs)) return null;
  // What still goes on is drawn a little beyond what is known.
  const isOpen = phases.some(({ toMs }) => toMs === null);
  return { startMs, endMs: isOpen ? lastMs + spanMs / 8 : lastMs };
}

// Of a single job each phase has its line.
function phaseLines(
  { outcome }: NumberedOutcome,
  phases: readonly JobPhase[],
  scale: Scale,
): readonly string[] {
  return phases.map((phase) => {
    const seconds = phaseSeconds(phase);
    const time = seconds === null ? 'so far' : formatDuration(seconds * 1000);
    const mark = phase === phases.at(-1) ? results[outcome.result].timelineMark : ' ';
    return markLine(mark, `${bar([phase], scale, phaseBarWidth)} ${phase.kind} ${time}`);
  });
}

function jobLine(
  { number, outcome }: NumberedOutcome,
  phases: readonly JobPhase[],
  scale: Scale,
): string {
  const seconds = phases.map(phaseSeconds);
  const total = seconds.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  const time = seconds.includes(null) ? 'goes on' : formatDuration(total * 1000);
  const title = sanitizeLine(titleOf(outcome.ref, outcome.job), 36);
  const text = `${String(number).padStart(3)} ${bar(phases, scale)} ${time.padStart(7)} ${title}`;
  return markLine(results[outcome.result].timelineMark, text);
}

// `@@` colours only what is between two of them.
function markLine(mark: string, text: string): string {
  return mark === '@@' ? `@@${text} @@` : `${mark}${text}`.trimEnd();
}

function bar(phases: readonly JobPhase[], { startMs, endMs }: Scale, width = barWidth): string {
  const cells = Array.from({ length: width }, () => ' ');
  const at = (ms: number) => Math.round((width * (ms - startMs)) / (endMs - startMs));
  for (const { kind, fromMs, toMs } of phases) {
    // Each phase is seen, however short.
    const from = Math.min(width - 1, at(fromMs));
    const to = Math.max(from + 1, at(toMs ?? endMs));
    cells.fill(inks[kind], from, to);
  }
  return cells.join('');
}

function legend({ startMs, endMs }: Scale, shown: number, count: number): string {
  const width = formatDuration(endMs - startMs);
  const part = shown < count && shown === maxJobs ? `; ${shown} of the ${count} jobs` : '';
  const kinds = Object.entries(inks).map(([kind, ink]) => `\`${ink}\` ${kind}`);
  return `${kinds.join(', ')}; the whole width is ${width}${part}.`;
}
