import { isList, isMapping } from './json.ts';
import type { Json, JsonMapping } from './sign.ts';

// The container parameters that may be shown. All others, known or not, may hold secrets: a
// recipe's environment, logins and keys are somebody else's.
const shownParameters = new Set([
  'image',
  'tag',
  'imagesrc',
  'host',
  'user',
  'ports',
  'allowed_ips',
]);
const shownOfVolumes = new Set(['image', 'mount', 'registry', 'tag', 'user']);

/** What stands in the place of a secret. */
export const hidden = '***';

/** Gives what is shown in place of a secret value. */
type Hide = (value: Json, name: string) => string;

/** The body of a cook as it may be shown: secrets and the values of the environment are `***`. */
export function hideSecrets(body: JsonMapping, hide: Hide = () => hidden): JsonMapping {
  const { parameters } = body;
  if (!isMapping(parameters) || !isMapping(parameters['parameters'])) return body;
  const hideMember = (key: string, value: Json) => hideInParameter(key, value, hide);
  const shown = mapMembers(parameters['parameters'], hideMember);
  return { ...body, parameters: { ...parameters, parameters: shown } };
}

/** What may be secret in a body: what is by its name, and what may be, as the environment's values. */
export interface BodySecrets {
  readonly secrets: readonly string[];
  readonly values: readonly string[];
}

/** Finds the secrets in the body of a cook, or in a job, a run or a recipe as the service gives it. */
export function secretsIn(body: unknown): BodySecrets {
  const secrets: string[] = [];
  const values: string[] = [];
  const note = (value: Json | undefined, key: string) => {
    (secretNames.test(key) ? secrets : values).push(...textsIn(value));
    return hidden;
  };
  const look = (place: unknown) => {
    if (!isMapping(place)) return;
    hideSecrets(place, note);
    const tokens = place['container_access_tokens'] ?? null;
    for (const each of isList(tokens) ? tokens : [])
      if (isMapping(each)) note(each['token'], 'token');
    look(place['payload']);
    look(place['job_snapshot']);
  };
  look(body);
  return { secrets, values };
}

const secretNames = /^(?:secret|sshkey|token)$/;

function hideInParameter(key: string, value: Json, hide: Hide): Json {
  if (shownParameters.has(key) || value === null) return value;
  if (key === 'env' && isMapping(value)) return hideInEnv(value, (each) => hide(each, key));
  if (key === 'volumes' && isList(value)) return value.map((volume) => hideInVolume(volume, hide));
  return hide(value, key);
}

function hideInEnv(env: JsonMapping, hide: (value: Json) => string): JsonMapping {
  const members = Object.entries(mapMembers(env, (_, value) => hide(value)));
  return Object.fromEntries(
    members.map(([name, shown]) => [isPlainName(name) ? name : hidden, shown]),
  );
}

const maxNameLength = 40;
const maxNameDigits = 2;

/**
 * Whether a name may be shown: what stands in the place of one may be the half of a secret, which has
 * both cases or many digits.
 */
export function isPlainName(name: string): boolean {
  if (name.length > maxNameLength || !/^(?:[A-Z0-9_]+|[a-z0-9_.<-]+)$/.test(name)) return false;
  return name.replaceAll(/[^0-9]/g, '').length <= maxNameDigits;
}

function hideInVolume(volume: Json, hide: Hide): Json {
  if (!isMapping(volume)) return hide(volume, 'volumes');
  return mapMembers(volume, (key, value) => (shownOfVolumes.has(key) ? value : hide(value, key)));
}

function textsIn(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  const members: readonly (Json | undefined)[] = Object.values(value);
  return members.flatMap(textsIn);
}

function mapMembers(mapping: JsonMapping, change: (key: string, value: Json) => Json): JsonMapping {
  return Object.fromEntries(
    Object.entries(mapping).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, change(key, value)] as const],
    ),
  );
}
