// GitHub drops a summary of more than 1 MiB as a whole; this leaves room for what other code may
// add to the step's.
const mostBytes = 1_000_000;

/** The first of these texts that GitHub takes; each is made only when those before were too long. */
export function firstThatFits(candidates: readonly (() => string)[]): string {
  let text = '';
  for (const make of candidates) {
    text = make();
    if (Buffer.byteLength(text, 'utf8') <= mostBytes) return text;
  }
  return '### Dispersed: the summary is too long to be shown\n';
}
