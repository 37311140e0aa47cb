import type { Json, JsonMapping } from '../dispersed/sign.ts';

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

/** The body of a cook as it may be shown: secrets and the values of the environment are `***`. */
export function redact(body: JsonMapping): JsonMapping {
  const { parameters } = body;
  if (!isMapping(parameters) || !isMapping(parameters['parameters'])) return body;
  const shown = mapMembers(parameters['parameters'], redactParameter);
  return { ...body, parameters: { ...parameters, parameters: shown } };
}

function redactParameter(key: string, value: Json): Json {
  if (shownParameters.has(key)) return value;
  if (key === 'env' && isMapping(value)) return mapMembers(value, () => hidden);
  if (key === 'volumes' && Array.isArray(value))
    return (value as readonly Json[]).map(redactVolume);
  return value === null ? null : hidden;
}

function redactVolume(volume: Json): Json {
  if (!isMapping(volume)) return hidden;
  return mapMembers(volume, (key, value) => (shownOfVolumes.has(key) ? value : hidden));
}

function mapMembers(mapping: JsonMapping, change: (key: string, value: Json) => Json): JsonMapping {
  return Object.fromEntries(
    Object.entries(mapping).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, change(key, value)] as const],
    ),
  );
}

function isMapping(value: Json | undefined): value is JsonMapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
