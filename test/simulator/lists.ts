import { isUuid } from './uuids.ts';
import { invalid } from './refusal.ts';

/** Something that is listed, and when it was created. */
export interface Listed<T> {
  createdAtMs: number;
  resource: T;
}

/** Reads a filter's value and tells what passes it; refuses a value that makes no sense. */
export type Filter<T> = (value: string, name: string) => (item: Listed<T>) => boolean;

/** The filters that a list knows, by their names in `filter[name]`. */
export type Filters<T> = Readonly<Record<string, Filter<T>>>;

/** A page of a list. */
export interface Page<T> {
  data: T[];
  limit: number;
  page: number;
  total: number;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 50;

/** The page that the query asks for, newest first; `items` come oldest first. */
export function pageOf<T>(
  items: readonly Listed<T>[],
  query: URLSearchParams,
  filters: Filters<T>,
): Page<T> {
  refuseUnknown(query, filters);
  const limit = numberIn(query, 'limit', DEFAULT_LIMIT, MAX_LIMIT);
  const page = numberIn(query, 'page', 1, Number.MAX_SAFE_INTEGER);
  const found = sorted(filtered(items, query, filters), query.get('sort') ?? '-created_at');
  const shown = found.slice((page - 1) * limit, page * limit);
  return { data: shown.map((item) => item.resource), limit, page, total: found.length };
}

function refuseUnknown<T>(query: URLSearchParams, filters: Filters<T>): void {
  const filterNames = Object.keys(filters).map((name) => `filter[${name}]`);
  const known = new Set(['limit', 'page', 'sort', ...filterNames]);
  const names = [...query.keys()];
  const unknown = names.filter((name) => !known.has(name));
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  const problems = [
    ...unknown.map((name) => `${name}: unknown parameter`),
    ...repeated.map((name) => `${name}: must be given once`),
  ];
  if (problems.length > 0) throw invalid(problems);
}

function numberIn(query: URLSearchParams, name: string, fallback: number, max: number): number {
  const given = query.get(name);
  if (given === null) return fallback;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= 1 && value <= max) return value;
  throw invalid([`${name}: must be a whole number from 1 to ${max}`]);
}

function filtered<T>(
  items: readonly Listed<T>[],
  query: URLSearchParams,
  filters: Filters<T>,
): Listed<T>[] {
  const tests = Object.entries(filters).flatMap(([name, filter]) => {
    const value = query.get(`filter[${name}]`);
    return value === null ? [] : [filter(value, `filter[${name}]`)];
  });
  return items.filter((item) => tests.every((passes) => passes(item)));
}

function sorted<T>(items: readonly Listed<T>[], order: string): Listed<T>[] {
  const oldestFirst = items.toSorted((a, b) => a.createdAtMs - b.createdAtMs);
  if (order === 'created_at') return oldestFirst;
  if (order === '-created_at') return oldestFirst.toReversed();
  throw invalid(['sort: must be created_at or -created_at']);
}

/** Passes what has one of the texts, separated by commas. */
export function oneOfTexts<T>(read: (resource: T) => string | null): Filter<T> {
  return (value, name) => {
    const wanted = partsOf(value, name);
    return ({ resource }) => wanted.some((one) => one === read(resource));
  };
}

/** The same for UUIDs, with a list only where `isList`. */
export function oneOfUuids<T>(read: (resource: T) => string | null, isList = true): Filter<T> {
  return (value, name) => {
    const wanted = partsOf(value, name);
    if (!wanted.every(isUuid)) throw invalid([`${name}: must be a UUID`]);
    if (!isList && wanted.length > 1) throw invalid([`${name}: must be a single UUID`]);
    return ({ resource }) => wanted.some((one) => one.toLowerCase() === read(resource));
  };
}

/** Passes what has one of the numbers, separated by commas. */
export function oneOfNumbers<T>(read: (resource: T) => number | null): Filter<T> {
  return (value, name) => {
    const wanted = numbersIn(value, name);
    return ({ resource }) => wanted.some((one) => one === read(resource));
  };
}

/** Passes what has at least the number. */
export function atLeast<T>(read: (resource: T) => number): Filter<T> {
  return (value, name) => {
    const [least = 0, ...more] = numbersIn(value, name);
    const isWhole = more.length === 0 && Number.isInteger(least);
    if (!isWhole) throw invalid([`${name}: must be a single whole number`]);
    return ({ resource }) => read(resource) >= least;
  };
}

/** Passes what was created in a range `a,b`, ends included, to the precision of `rounded`. */
export function createdBetween<T>(rounded: (atMs: number) => number): Filter<T> {
  return (value, name) => {
    const [from = NaN, to = NaN, ...more] = value.split(',').map((part) => Date.parse(part));
    if (Number.isNaN(from + to) || more.length > 0) {
      throw invalid([`${name}: must be two dates with a comma between them`]);
    }
    return ({ createdAtMs }) =>
      rounded(from) <= rounded(createdAtMs) && rounded(createdAtMs) <= rounded(to);
  };
}

function partsOf(value: string, name: string): string[] {
  const parts = value.split(',');
  if (parts.includes('')) throw invalid([`${name}: must not be empty`]);
  return parts;
}

function numbersIn(value: string, name: string): number[] {
  const numbers = partsOf(value, name).map(Number);
  if (numbers.some(Number.isNaN)) throw invalid([`${name}: must be a number`]);
  return numbers;
}
