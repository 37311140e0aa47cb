const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

const maxDurationMs = 365 * unitMs.d;

/** What {@link parseDuration} takes, for messages. */
export const durationForm = 'a number with a unit, such as 90s, 30m, 2h, 1h30m or 1d';

/**
 * Milliseconds of a duration such as `1h30m`; undefined for anything else: a bare number, zero,
 * or more than a year.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(text);
  if (match === null) return undefined;
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match.map((part) => Number(part ?? 0));
  const ms = days * unitMs.d + hours * unitMs.h + minutes * unitMs.m + seconds * unitMs.s;
  return ms > 0 && ms <= maxDurationMs ? ms : undefined;
}

/** A lower bound as a duration, in whole minutes where it is one. */
export function formatMinimum(ms: number): string {
  return ms % unitMs.m === 0 ? `${ms / unitMs.m}m` : `${ms / unitMs.s}s`;
}
