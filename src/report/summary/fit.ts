/** Past 1 MiB GitHub drops the whole summary; the steps of a job share nothing of it. */
export const maxBytesOfSummary = 1_000_000;

/** The first of these texts that GitHub takes; each is made only when those before were too long. */
export function firstThatFits(candidates: readonly (() => string)[]): string {
  let text = '';
  for (const make of candidates) {
    text = make();
    if (Buffer.byteLength(text, 'utf8') <= maxBytesOfSummary) return text;
  }
  return '### Dispersed: the summary is too long to be shown\n';
}
