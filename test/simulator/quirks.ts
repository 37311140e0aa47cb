import { isObject } from './checks.ts';

/** How the service may differ from what one would expect: nothing of it is documented. */
export interface Quirks {
  /** Every UUID in an answer comes in capitals. */
  capitals?: boolean;
  /** A page has no more members than this, whatever `limit` asks for. */
  maxPage?: number;
  /** A list does not tell its `total`. */
  hidesTotal?: boolean;
  /** A list has no descriptions. */
  hidesDescriptions?: boolean;
  /** A description is cut to so many characters. */
  maxDescription?: number;
  /** Date-times come without a zone. */
  hidesZone?: boolean;
  /** A recipe comes without its payload, or with `***` for the secrets in it. */
  recipe?: 'hides-payload' | 'masks-secrets';
}

/** The query as the service takes it. */
export function quirkyQuery(search: string, { maxPage }: Quirks): URLSearchParams {
  const query = new URLSearchParams(search);
  if (maxPage !== undefined) {
    query.set('limit', String(Math.min(maxPage, Number(query.get('limit') ?? maxPage))));
  }
  return query;
}

/** An answer with the quirks of the service. */
export function quirkyAnswer(body: unknown, quirks: Quirks): unknown {
  const shaped = shapeMembers(
    isObject(body) && 'total' in body ? shapeList(body, quirks) : body,
    quirks,
  );
  return quirks.capitals ? toCapitals(shaped) : shaped;
}

function shapeList(list: Readonly<Record<string, unknown>>, quirks: Quirks): unknown {
  const { total, data, ...page } = list;
  const members = Array.isArray(data) ? data : [];
  return {
    ...page,
    ...(!quirks.hidesTotal && { total }),
    data: quirks.hidesDescriptions ? members.map(withoutDescription) : members,
  };
}

function withoutDescription(member: unknown): unknown {
  if (!isObject(member)) return member;
  const { description: _description, ...rest } = member;
  return rest;
}

function shapeMembers(value: unknown, quirks: Quirks): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => shapeMembers(each, quirks));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, shapeMember(key, member, quirks)]),
  );
}

const secretMembers = new Set(['env', 'secret', 'sshkey']);

function shapeMember(key: string, member: unknown, quirks: Quirks): unknown {
  if (key === 'payload' && quirks.recipe === 'hides-payload') return null;
  if (quirks.recipe === 'masks-secrets' && secretMembers.has(key)) return masked(member);
  if (quirks.hidesZone && key.endsWith('_at') && typeof member === 'string') {
    return member.replace(/Z$/, '');
  }
  return shapeMembers(member, quirks);
}

function masked(value: unknown): unknown {
  if (!isObject(value)) return '***';
  return Object.fromEntries(Object.keys(value).map((key) => [key, '***']));
}

const uuidMembers = new Set(['uuid', 'source_recipe_uuid', 'job_uuid']);

/** The same with every UUID in capitals. */
export function toCapitals(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toCapitals);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      uuidMembers.has(key) && typeof member === 'string'
        ? member.toUpperCase()
        : toCapitals(member),
    ]),
  );
}
