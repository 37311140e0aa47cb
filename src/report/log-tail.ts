import { stripVTControlCharacters } from 'node:util';

// Far more than is ever shown of a line, colours included.
const maxLine = 4_000;

/** The lines of a log as a terminal shows them in the end: no colours, nothing overwritten. */
export function plainLines(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const shown = line.split('\r').findLast((part) => part.trim() !== '') ?? '';
    return stripVTControlCharacters(shown.slice(0, maxLine)).trimEnd();
  });
}

/** The last lines of a log that say something: no blank ones, rules, progress bars or repeats. */
export function tellingLines(lines: readonly string[], most: number): readonly string[] {
  return plainLines(lines)
    .filter((line) => !isNoise(line))
    .filter((line, index, all) => line !== all[index - 1])
    .slice(-most);
}

// Nothing but signs; bars that fill up; results, which are shown elsewhere.
const noise = [
  /^[^\p{L}\p{N}]*$/u,
  /\d ?% ?\|/,
  /\[[#=>.\s-]{5,}\]/,
  /[█▉▊▋▌▍▎▏━]{3}/,
  /^\s*dispersed-output:/,
];

function isNoise(line: string): boolean {
  return noise.some((pattern) => pattern.test(line));
}
