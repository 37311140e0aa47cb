/** A line of a step's log without the time since its start. */
export function withoutTime(line: string): string {
  return line.replace(/^(?:\d+:)?\d\d:\d\d {2}/, '');
}
