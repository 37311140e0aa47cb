import * as z from 'zod/mini';
import { isMapping, type JsonMapping } from './json.ts';

// The service's answers as this action knows them. Secrets that the service echoes (environment,
// registry logins, access tokens) are not in these schemas: what was never read cannot leak.
// A field that is merely odd becomes null; only what we cannot do without fails the whole.

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether it is a UUID: the only thing that ever becomes part of a path. */
export function isUuid(value: string): boolean {
  return uuidPattern.test(value);
}

const uuid = z.pipe(
  z.string().check(z.regex(uuidPattern)),
  z.transform((value) => value.toLowerCase()),
);
const text = z.catch(z.nullable(z.string()), null);
/** Many services write amounts and times in ms as text. */
const anyNumber = z.union([
  z.number(),
  z.pipe(
    z.string().check(z.regex(/^-?\d{1,20}(?:\.\d{1,20})?$/)),
    z.transform((value) => Number(value)),
  ),
]);
const number = z.catch(z.nullable(anyNumber), null);
/** Statuses and tasks as the API documents them, in capitals. */
export const knownWords = /^(?:[a-z]+ing|assigned|completed|failed|cancelled|batch|persistent)$/i;
const inCapitals = (value: string) => (knownWords.test(value) ? value.toUpperCase() : value);
const status = z.pipe(z.string().check(z.minLength(1)), z.transform(inCapitals));
/** Unix ms or a duration in ms: the service says 0 while it does not know. */
const knownMs = z.pipe(
  number,
  z.transform((ms) => (ms === null || ms <= 0 ? null : ms)),
);

/** ISO date-time, brought to UTC, which is meant without a zone; `YYYY-MM-DD` on the old host. */
const timestamp = z.pipe(
  text,
  z.transform((value): string | null => {
    if (value === null || !/^\d{4}-\d{2}-\d{2}/.test(value)) return null;
    if (value.length === 10) return value;
    const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(value);
    const ms = Date.parse(hasZone ? value : `${value}Z`);
    return Number.isNaN(ms) ? null : new Date(ms).toISOString();
  }),
);

/** Whether a container can be reached from outside; null: by the ports of its image. The rest may be secret. */
const container = z.pipe(
  z.object({
    parameters: z.object({ ports: z.optional(z.unknown()), sshkey: z.optional(z.unknown()) }),
  }),
  z.transform(({ parameters: { ports, sshkey } }) => ({
    isReachable: Boolean(sshkey) || (Array.isArray(ports) ? ports.length > 0 : null),
  })),
);

export const jobSchema = z.object({
  /** Formally nullable: a job without one cannot be followed. */
  uuid,
  /** An open set; only COMPLETED, FAILED and CANCELLED are known to be final. */
  status,
  title: text,
  description: text,
  status_reason: text,
  task: z.catch(z.nullable(status), null),
  source_recipe_uuid: z.catch(z.nullable(uuid), null),
  created_at: timestamp,
  started_at: timestamp,
  completed_at: timestamp,
  cpu_count: number,
  gpu_count: number,
  gpu_name: text,
  min_vram_gb: number,
  min_ram_gb: number,
  max_retry_count: number,
  max_timeout_assign_ms: number,
  max_timeout_run_ms: number,
  max_node_count: number,
  parameters: z.catch(z.optional(z.nullable(container)), null),
});

export type Job = Readonly<z.infer<typeof jobSchema>>;

const nodeUrlSchema = z.object({
  /** `ssh`, or the container's port as text. */
  description: z.pipe(
    z.unknown(),
    z.transform((value) => (/^(?:ssh|\d{1,5})$/i.test(String(value)) ? String(value) : null)),
  ),
  hostname: z.string(),
  port: anyNumber,
  /** May be `tcp` for a web port too. */
  protocol: z.catch(z.nullable(z.string().check(z.regex(/^[a-z]{1,10}$/i))), null),
  /** Whether the web server at this port speaks TLS; null where the service does not say. */
  tls: z.catch(z.nullable(z.boolean()), null),
});

export const jobRunSchema = z.object({
  uuid,
  status,
  job_uuid: text,
  started_at_ms: knownMs,
  ended_at_ms: knownMs,
  duration_ms: knownMs,
  hourly_rate_usd: number,
  node_urls: z.catch(z.nullable(z.pipe(z.array(z.unknown()), z.transform(readableUrls))), null),
});

// A port that is not there yet spoils no other.
function readableUrls(members: unknown[]): readonly z.infer<typeof nodeUrlSchema>[] {
  return members.flatMap((member) => nodeUrlSchema.safeParse(member).data ?? []);
}

/** One run of a job on a node, without its log. */
export type JobRun = Readonly<z.infer<typeof jobRunSchema>>;

// What is not printable, or so short that masking it would blank innocent text, is no token.
const tokenPattern = /^[\u0021-\u007e]{6,4096}$/;

/** The first access token of a run, or null: apart, so that no other read of a run ever holds it. */
export const runTokenSchema = z.pipe(
  z.object({ uuid, container_access_tokens: z.catch(z.nullable(z.array(z.unknown())), null) }),
  z.transform(({ container_access_tokens: tokens }): string | null => {
    const token = isMapping(tokens?.[0]) ? tokens[0]['token'] : null;
    return typeof token === 'string' && tokenPattern.test(token) ? token : null;
  }),
);

/** One run with its log, as only the read of a single run gives it. */
export const jobRunWithLogSchema = z.extend(jobRunSchema, {
  logs: z.pipe(z.optional(z.unknown()), z.transform(textOfLog)),
});

// Whether a log is a text, an array of lines or one of objects is documented nowhere: nothing of it is
// dropped. The last line may go on in the next answer, so it gets no end.
function textOfLog(logs: unknown): string {
  if (typeof logs === 'string') return logs;
  const entries: readonly unknown[] = Array.isArray(logs) ? logs : [logs];
  const lines = entries.filter((entry) => entry !== null && entry !== undefined).map(lineOf);
  const ended = lines.slice(0, -1).map((line) => (line.endsWith('\n') ? line : `${line}\n`));
  return ended.join('') + (lines.at(-1) ?? '');
}

const lineFields = ['message', 'text', 'log', 'line', 'msg'];

function lineOf(entry: unknown): string {
  if (typeof entry === 'string') return entry;
  const texts = isMapping(entry) ? lineFields.map((field) => entry[field]) : [];
  return texts.find((line) => typeof line === 'string') ?? JSON.stringify(entry);
}

export const recipeSchema = z.object({
  uuid,
  name: text,
  /** The stored cook fields. Secret-bearing: merged into a cook, never shown. */
  // Not a record of zod's, which drops a key called `__proto__`.
  payload: z.catch(z.nullable(z.custom<JsonMapping>(isMapping)), null),
});

/** A stored template that jobs are cooked from. */
export type Recipe = Readonly<z.infer<typeof recipeSchema>>;

// `availability` is an object whose members are documented nowhere, so it is not read.
export const offerSchema = z.object({
  hardware_summary: z.catch(
    z.nullable(
      z.object({
        gpu_model_label: text,
        gpu_models: z.catch(z.nullable(z.array(z.object({ name: text }))), null),
      }),
    ),
    null,
  ),
  pricing: z.object({
    /** Of the whole machine, in US dollars. An offer without a price says nothing here. */
    hourly_rate_usd: anyNumber.check(z.nonnegative()),
  }),
});

export type Offer = Readonly<z.infer<typeof offerSchema>>;

export const ledgerTransactionSchema = z.object({
  uuid: text,
  job_run_uuid: uuid,
  /** `CAPTURE` in the documentation's example; the set is open. */
  type: z.string(),
  /** Whether a bill is above or below zero is documented nowhere. */
  amount_usd: anyNumber,
});

/** One line of the account's ledger that is about a run. */
export type LedgerTransaction = Readonly<z.infer<typeof ledgerTransactionSchema>>;

/** One page of a list; the members are read one by one, so that a bad one spoils no other. */
export const listSchema = z.object({
  data: z.array(z.unknown()),
  total: z.catch(z.optional(anyNumber), undefined),
});
