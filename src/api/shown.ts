import * as z from 'zod/mini';
import { isMapping } from './json.ts';
import type { Redactor } from './redactor.ts';

// The texts of an answer that are only shown. All others are compared, sent or used as they are.
const shownTexts: ReadonlySet<string> = new Set([
  'gpu_name',
  'name',
  'status',
  'status_reason',
  'task',
  'title',
]);

// Statuses and tasks are compared, and say nothing but what everybody knows.
const words = /^(?:[A-Z]+ING|ASSIGNED|COMPLETED|FAILED|CANCELLED|BATCH|PERSISTENT)$/;

/**
 * Reads an answer through a schema, after noting the secrets that the service echoes in it, and
 * without secrets in what is shown of it.
 */
export function readShown<S extends z.core.$ZodType>(
  schema: S,
  answer: unknown,
  redactor: Redactor,
): z.core.util.SafeParseResult<z.output<S>> {
  redactor.addBody(answer);
  return z.safeParse(schema, isMapping(answer) ? redactShown(answer, redactor) : answer);
}

function redactShown(answer: object, { redact }: Redactor): object {
  const members = Object.entries(answer).map(([key, value]: [string, unknown]) => {
    const isShown = typeof value === 'string' && shownTexts.has(key) && !words.test(value);
    return [key, isShown ? redact(value) : value] as const;
  });
  return Object.fromEntries(members);
}
