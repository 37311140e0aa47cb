import { closestMatch } from 'leven';

/** Shows a given text in one short line. Never to be used on what may be a secret. */
export function quote(text: string): string {
  const longest = 60;
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
}

/** `; did you mean x?` for a word close to a known one, else nothing. */
export function suggest(word: string, known: readonly string[]): string {
  const likely = closestMatch(word.toLowerCase(), known, { maxDistance: 4 });
  return likely === undefined ? '' : `; did you mean ${likely}?`;
}
