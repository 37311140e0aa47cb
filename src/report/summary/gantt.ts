import { formatDuration } from '../format.ts';
import { phaseSeconds, phasesOf, titleOf, type JobPhase } from '../../jobs/metrics.ts';
import { sanitizeLabel } from '../sanitize.ts';
import { worstJobs, type NumberedOutcome } from './table.ts';

// More rows than this are not read, and GitHub draws no diagram of more than 50,000 characters.
const maxJobs = 20;
const maxRuns = 8;

const dayMs = 86_400_000;
// The axis counts the days of one month.
const maxDurationMs = 30 * dayMs;

interface Row {
  /** Of a single job there is none: the heading names it. */
  readonly label: string;
  readonly phases: readonly JobPhase[];
  readonly isBad: boolean;
}

interface Scale {
  readonly startMs: number;
  readonly endMs: number;
}

/** How the jobs' lives went, as a mermaid gantt; empty where there is no more than one phase to see. */
export function renderGantt(jobs: readonly NumberedOutcome[]): string {
  const rows = worstJobs(
    jobs.filter(({ outcome }) => phasesOf(outcome).length > 0),
    maxJobs,
  ).map((job) => rowOf(job, jobs.length));
  const scale = scaleOf(rows.flatMap(({ phases }) => phases));
  if (scale === null || !rows.some(({ phases }) => phases.length > 1)) return '';
  const note =
    rows.length === maxJobs && jobs.length > maxJobs
      ? ['', `The timeline shows ${maxJobs} of the ${jobs.length} jobs.`]
      : [];
  return ['```mermaid', ...diagram(rows, scale), '```', ...note].join('\n');
}

function rowOf({ number, outcome }: NumberedOutcome, count: number): Row {
  const title = sanitizeLabel(titleOf(outcome.ref, outcome.job), 36);
  return {
    // NumberedOutcome, since mermaid takes two sections of one name for one.
    label: count === 1 ? '' : `${number} ${title}`,
    phases: phasesOf(outcome).slice(-3 * maxRuns),
    isBad: outcome.result === 'failed',
  };
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

function diagram(rows: readonly Row[], scale: Scale): readonly string[] {
  const maxLength = Math.max(...rows.map(({ label }) => label.length));
  const leftPadding = maxLength === 0 ? 15 : 25 + 6 * maxLength;
  const roomPx = assumedWidthPx - leftPadding;
  return [
    '---',
    'displayMode: compact',
    'config:',
    '  gantt:',
    `    leftPadding: ${leftPadding}`,
    '    rightPadding: 25',
    '---',
    'gantt',
    '  dateFormat YYYY-MM-DDTHH:mm:ss.SSS',
    `  axisFormat ${axisFormat(scale)}`,
    ...rows.flatMap((row) => section(row, scale, roomPx)),
  ];
}

// A summary is rarely narrower than this, and a letter of a label rarely wider.
const assumedWidthPx = 800;
const letterPx = 6.5;

function section({ label, phases, isBad }: Row, scale: Scale, roomPx: number): readonly string[] {
  const tasks = phases.map((phase, index) => {
    const endMs = phase.toMs ?? scale.endMs;
    const widthPx = (roomPx * (endMs - phase.fromMs)) / (scale.endMs - scale.startMs);
    const tags = [tagOf[phase.kind], isBad && index === phases.length - 1 ? 'crit' : ''];
    const times = [phase.fromMs, endMs].map((ms) => instant(ms - scale.startMs));
    const data = [...tags.filter((tag) => tag !== ''), ...times].join(', ');
    return `  ${taskLabel(phase, widthPx)} :${data}`;
  });
  return label === '' ? tasks : [`  section ${label}`, ...tasks];
}

const tagOf: Readonly<Record<JobPhase['kind'], string>> = {
  queued: 'done',
  starting: 'active',
  running: '',
};

// What does not fit into a bar would be written over the next one. There is no task without a name,
// so a space without width, which is not taken for one, stands in.
function taskLabel(phase: JobPhase, widthPx: number): string {
  const { kind } = phase;
  const seconds = phaseSeconds(phase);
  const full = seconds === null ? kind : `${kind} ${formatDuration(seconds * 1000)}`;
  return [full, kind].find((label) => label.length * letterPx < widthPx) ?? '\u200b';
}

function axisFormat({ startMs, endMs }: Scale): string {
  const spanMs = endMs - startMs;
  if (spanMs < dayMs / 24) return '%M:%S';
  return spanMs < dayMs ? '%H:%M' : 'day %-d %H:%M';
}

// Time since the first moment, as a date of a month: mermaid knows dates only, and draws them in
// the reader's time zone, in which they are read too.
function instant(ms: number): string {
  return new Date(Date.UTC(2000, 0, 1) + ms).toISOString().slice(0, -1);
}
