import { closestMatch } from 'leven';

/** Shows a given text in one short line. Never to be used on what is meant to be a secret. */
export function quote(text: string): string {
  // A key that landed in the wrong input.
  if (/\bsk_/.test(text)) return 'a secret key';
  const maxLength = 60;
  return JSON.stringify(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
}

/** `; did you mean x?` for a word close to a known one, else nothing. */
export function suggest(word: string, known: readonly string[]): string {
  // A third of the letters: more would suggest `tag` for any three letters.
  const maxDistance = Math.min(4, Math.ceil(word.length / 3));
  const likely = closestMatch(word.toLowerCase(), known, { maxDistance });
  return likely === undefined ? '' : `; did you mean ${likely}?`;
}
