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

/** A line a job: how long it was queued, starting and running; empty where no job shows two of these. */
export function renderTimeline(jobs: readonly NumberedOutcome[]): string {
  const shown = worstJobs(
    jobs.filter(({ outcome }) => phasesOf(outcome).length > 0),
    maxJobs,
  );
  const rows = shown.map((job) => ({ job, phases: phasesOf(job.outcome).slice(-maxPhases) }));
  const scale = findScale(rows.flatMap(({ phases }) => phases));
  if (scale === null || !rows.some(({ phases }) => phases.length > 1)) return '';
  const lines = rows.map(({ job, phases }) => {
    // A single job needs no name.
    const text = jobs.length === 1 ? phaseTexts(phases).join(', ') : nameAndTime(job, phases);
    return `${results[job.outcome.result].timelineMark} ${drawBar(phases, scale)} ${text}`.trimEnd();
  });
  return ['```diff', ...lines, '```', '', legend(scale, shown.length, jobs.length)].join('\n');
}

/** @returns null where there is nothing to draw, or nothing that could be read */
function findScale(phases: readonly JobPhase[]): Scale | null {
  const instants = phases.flatMap(({ fromMs, toMs }) => (toMs === null ? fromMs : [fromMs, toMs]));
  const startMs = Math.min(...instants);
  const lastMs = Math.max(...instants);
  const spanMs = lastMs - startMs;
  if (!(spanMs > 0 && spanMs < maxDurationMs)) return null;
  // A phase that has not ended is drawn a little beyond what is known.
  const isOpen = phases.some(({ toMs }) => toMs === null);
  return { startMs, endMs: isOpen ? lastMs + spanMs / 8 : lastMs };
}

function phaseTexts(phases: readonly JobPhase[]): readonly string[] {
  return phases.map((phase) => {
    const seconds = phaseSeconds(phase);
    return `${phase.kind} ${seconds === null ? 'so far' : formatDuration(seconds * 1000)}`;
  });
}

function nameAndTime({ number, outcome }: NumberedOutcome, phases: readonly JobPhase[]): string {
  const seconds = phases.map(phaseSeconds);
  const total = seconds.reduce<number>((sum, phase) => sum + (phase ?? 0), 0);
  const time = seconds.includes(null) ? 'so far' : formatDuration(total * 1000);
  return `${time.padStart(7)} #${number} ${sanitizeLine(titleOf(outcome.ref, outcome.job), 36)}`;
}

function drawBar(phases: readonly JobPhase[], { startMs, endMs }: Scale): string {
  const cells = Array.from({ length: barWidth }, () => ' ');
  const at = (ms: number) => Math.round((barWidth * (ms - startMs)) / (endMs - startMs));
  for (const { kind, fromMs, toMs } of phases) {
    // Each phase is seen, however short.
    const from = Math.min(barWidth - 1, at(fromMs));
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
