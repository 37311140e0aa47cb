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

const hidden = '***';

// What is shorter is no secret, and would be cut out of innocent words.
const minSecretLength = 4;

/** Gives what is shown in place of a secret value. */
type Hide = (value: Json) => string;

/** The body of a cook as it may be shown: secrets and the values of the environment are `***`. */
export function redact(body: JsonMapping, hide: Hide = () => hidden): JsonMapping {
  const { parameters } = body;
  if (!isMapping(parameters) || !isMapping(parameters['parameters'])) return body;
  const redactMember = (key: string, value: Json) => redactParameter(key, value, hide);
  const shown = mapMembers(parameters['parameters'], redactMember);
  return { ...body, parameters: { ...parameters, parameters: shown } };
}

/** A text of the service without the secrets of the request, which it may repeat. */
export function withoutSecrets(text: string, body: Json | undefined): string {
  const secrets: string[] = [];
  const note = (value: Json) => {
    for (const each of textsIn(value)) secrets.push(each);
    return hidden;
  };
  if (isMapping(body)) redact(body, note);
  return secrets
    .filter((secret) => secret.length >= minSecretLength)
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, hidden), text);
}

function redactParameter(key: string, value: Json, hide: Hide): Json {
  if (shownParameters.has(key) || value === null) return value;
  if (key === 'env' && isMapping(value)) return mapMembers(value, (_, each) => hide(each));
  if (key === 'volumes' && isList(value)) return value.map((volume) => redactVolume(volume, hide));
  return hide(value);
}

function redactVolume(volume: Json, hide: Hide): Json {
  if (!isMapping(volume)) return hide(volume);
  return mapMembers(volume, (key, value) => (shownOfVolumes.has(key) ? value : hide(value)));
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  const members: readonly (Json | undefined)[] = Object.values(value);
  return members.flatMap((each) => (each === undefined ? [] : textsIn(each)));
}

function mapMembers(mapping: JsonMapping, change: (key: string, value: Json) => Json): JsonMapping {
  return Object.fromEntries(
    Object.entries(mapping).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, change(key, value)] as const],
    ),
  );
}
