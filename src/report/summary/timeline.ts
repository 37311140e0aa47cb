import { formatDuration } from '../format.ts';
import { phaseSeconds, phasesOf, titleOf, type JobPhase } from '../../jobs/metrics.ts';
import type { Outcome } from '../../jobs/records.ts';
import { results } from '../../jobs/results.ts';
import { sanitizeLine } from '../sanitize.ts';
import { jobNumber, selectWorst } from './table.ts';

// Drawn with letters in a block of the language diff, whose lines GitHub colours by their first
// character, in light and dark: a mermaid diagram knows two results, and its labels run into each
// other on a narrow screen.

// More rows than this are not read.
const maxJobs = 20;
const maxPhases = 24;

// With the number and the time, as much as a phone shows.
const barWidth = 24;

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
export function renderTimeline(outcomes: readonly Outcome[]): string {
  const begun = outcomes.filter((outcome) => phasesOf(outcome).length > 0);
  const rows = selectWorst(begun, maxJobs).map((outcome) => ({
    outcome,
    phases: phasesOf(outcome).slice(-maxPhases),
  }));
  const scale = findScale(rows.flatMap(({ phases }) => phases));
  if (scale === null || !rows.some(({ phases }) => phases.length > 1)) return '';
  const lines = rows.map(({ outcome, phases }) => {
    // A single job needs no name.
    const text = outcomes.length === 1 ? describePhases(phases) : nameAndTime(outcome, phases);
    return `${results[outcome.result].timelineMark} ${drawBar(phases, scale)} ${text}`.trimEnd();
  });
  const part = begun.length > maxJobs ? `; ${maxJobs} of the ${outcomes.length} jobs` : '';
  const width = formatDuration(scale.endMs - scale.startMs);
  const kinds = Object.entries(inks).map(([kind, ink]) => `\`${ink}\` ${kind}`);
  const legend = `${kinds.join(', ')}; the whole width is ${width}${part}.`;
  return ['```diff', ...lines, '```', '', legend].join('\n');
}

/** @returns null where there is nothing to draw */
function findScale(phases: readonly JobPhase[]): Scale | null {
  const instants = phases.flatMap(({ fromMs, toMs }) => [fromMs, toMs ?? fromMs]);
  const [startMs, endMs] = [Math.min(...instants), Math.max(...instants)];
  return endMs > startMs ? { startMs, endMs } : null;
}

function describePhases(phases: readonly JobPhase[]): string {
  return phases.map((phase) => `${phase.kind} ${formatSeconds([phaseSeconds(phase)])}`).join(', ');
}

function nameAndTime(outcome: Outcome, phases: readonly JobPhase[]): string {
  const time = formatSeconds(phases.map(phaseSeconds)).padStart(7);
  return `${time} #${jobNumber(outcome)} ${sanitizeLine(titleOf(outcome.ref, outcome.job), 36)}`;
}

function formatSeconds(parts: readonly (number | null)[]): string {
  const sum = parts.reduce<number>((total, seconds) => total + (seconds ?? 0), 0);
  return parts.includes(null) ? 'so far' : formatDuration(sum * 1000);
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
