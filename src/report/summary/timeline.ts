import { phasesOf, type JobPhase } from '../../jobs/metrics.ts';
import type { Outcome } from '../../jobs/records.ts';
import { formatDuration } from '../format.ts';

// Drawn with letters: the axis of a mermaid diagram cannot be read on a phone.

const maxJobs = 20;
const barWidth = 30;

const inks: Readonly<Record<JobPhase['kind'], string>> = {
  queued: '░',
  starting: '▒',
  running: '█',
};

/** When each job was queued, starting and running; empty where one has not ended, or the table says as much. */
export function renderTimeline(outcomes: readonly Outcome[]): string {
  const rows = outcomes
    .map((outcome) => ({ ref: outcome.ref, phases: phasesOf(outcome).filter(takesTime) }))
    .filter(({ phases }) => phases.length > 0);
  const runs = rows.flatMap(({ phases }) => phases.filter(({ kind }) => kind === 'running'));
  if (runs.length < 2 || rows.length > maxJobs) return '';
  const instants = rows.flatMap(({ phases }) =>
    phases.flatMap(({ fromMs, toMs }) => [fromMs, toMs ?? Infinity]),
  );
  const [startMs, endMs] = [Math.min(...instants), Math.max(...instants)];
  if (endMs === Infinity || formatDuration(endMs - startMs) === '0s') return '';
  const lines = rows.map(({ ref, phases }) => {
    const name = `#${ref.index + 1}`.padEnd(margin.length);
    return `${outcomes.length > 1 ? name : margin}${drawBar(phases, startMs, endMs)}`;
  });
  const legend = Object.entries(inks).map(([kind, ink]) => `${ink} ${kind}`);
  const axis = `0${formatDuration(endMs - startMs).padStart(barWidth - 1)}`;
  const drawn = [...lines, margin + axis, margin + legend.join('  ')];
  return ['```text', ...drawn.map((line) => line.trimEnd()), '```'].join('\n');
}

function takesTime({ fromMs, toMs }: JobPhase): boolean {
  return toMs === null || toMs > fromMs;
}

const margin = '    ';

function drawBar(phases: readonly JobPhase[], startMs: number, endMs: number): string {
  const cells = Array.from({ length: barWidth }, () => ' ');
  const at = (ms: number) => Math.round((barWidth * (ms - startMs)) / Math.max(1, endMs - startMs));
  for (const { kind, fromMs, toMs } of phases) {
    const from = Math.min(barWidth - 1, at(fromMs));
    cells.fill(inks[kind], from, Math.max(from + 1, at(toMs ?? endMs)));
  }
  return cells.join('');
}
