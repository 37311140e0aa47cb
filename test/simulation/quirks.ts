import { isObject } from '../simulator/checks.ts';
import { Refusal } from '../simulator/refusal.ts';
import type { ServicePlan } from './plan.ts';

// How the service's lists may differ from what one would expect: nothing of it is documented.

const uuidFilter = 'filter[uuid]';

/** The query as the service takes it: pages may be smaller, and of several UUIDs one may count. */
export function listQuirks(search: string, plan: ServicePlan): string {
  const query = new URLSearchParams(search);
  const limit = Number(query.get('limit') ?? 10);
  query.set('limit', String(Math.min(limit, plan.maxPage)));
  const uuids = query.get(uuidFilter);
  if (uuids !== null && plan.uuidFilter === 'takes-first') {
    query.set(uuidFilter, uuids.split(',')[0] ?? '');
  }
  return query.toString();
}

const maxUuids = 3;

/** Why a list is refused, where the service does not take such a filter. */
export function refusalOfList(search: string, { uuidFilter: way }: ServicePlan): Refusal | null {
  const uuids = new URLSearchParams(search).get(uuidFilter)?.split(',') ?? [];
  if (uuids.length === 0) return null;
  if (way === 'fails') return new Refusal(500, 'internal', 'The list cannot be made');
  if (way === 'refuses-several' && uuids.length > 1) {
    return new Refusal(422, 'validation_failed', 'filter[uuid]: must be a single UUID');
  }
  if (way === 'too-large' && uuids.length > maxUuids) {
    return new Refusal(414, 'too_long', 'The address is too long');
  }
  return null;
}

/** A page of a list with as much about itself as the service tells. */
export function shapeList(
  body: unknown,
  { tellsTotal, tellsLimit, tellsDescriptions }: ServicePlan,
): unknown {
  if (!isObject(body) || !('data' in body)) return body;
  const { total, limit, data, ...page } = body;
  const members = Array.isArray(data) && !tellsDescriptions ? data.map(withoutDescription) : data;
  return { ...page, data: members, ...(tellsTotal && { total }), ...(tellsLimit && { limit }) };
}

function withoutDescription(member: unknown): unknown {
  if (!isObject(member)) return member;
  const { description: _description, ...rest } = member;
  return rest;
}

/** An answer with as much about its jobs as the service tells. */
export function shapeJobs(body: unknown, plan: ServicePlan): unknown {
  if (!isObject(body)) return body;
  const { data } = body;
  const shape = (member: unknown) => shapeJob(member, plan);
  if (Array.isArray(data)) return { ...body, data: data.map(shape) };
  return isObject(data) ? { ...body, data: shape(data) } : shape(body);
}

function shapeJob(member: unknown, { tellsRetries, tellsNodes }: ServicePlan): unknown {
  if (!isObject(member) || member['object'] !== 'job') return member;
  const { max_retry_count: retries, max_node_count: nodes, ...rest } = member;
  return {
    ...rest,
    ...(tellsRetries && { max_retry_count: retries }),
    ...(tellsNodes && { max_node_count: nodes }),
  };
}
