import { isList, isMapping, type Json, type JsonMapping } from './json.ts';

// The container parameters, and those of its volumes, that may be shown. All others, known or not, may
// hold secrets: a recipe's environment, logins and keys are somebody else's.
const shownNames = new Set(
  'image tag imagesrc host user ports allowed_ips mount registry'.split(' '),
);

/** What stands in the place of a secret. */
export const hidden = '***';

/** Gives what is shown in place of a value that may be secret; `name` is what it is called. */
type Hide = (value: Json, name: string) => Json;

/** The body of a cook as it may be shown: secrets and the values of the environment are `***`. */
export function hideSecrets(body: JsonMapping, hide: Hide = () => hidden): JsonMapping {
  const { parameters } = body;
  if (!isMapping(parameters) || !isMapping(parameters['parameters'])) return body;
  const shown = hideMembers(parameters['parameters'], hide);
  return { ...body, parameters: { ...parameters, parameters: shown } };
}

function hideMembers(place: JsonMapping, hide: Hide): JsonMapping {
  return mapMembers(place, (value, name) => {
    if (value === null || shownNames.has(name)) return value;
    if (name === 'env' && isMapping(value)) return mapMembers(value, hide);
    if (name !== 'volumes' || !isList(value)) return hide(value, name);
    return value.map((volume) =>
      isMapping(volume) ? hideMembers(volume, hide) : hide(volume, name),
    );
  });
}

function mapMembers(mapping: JsonMapping, change: Hide): JsonMapping {
  return Object.fromEntries(
    Object.entries(mapping).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, change(value, key)] as const],
    ),
  );
}

// By their names in the API, whatever they look like.
const credentialFields = new Set(['secret', 'token']);
const credentialNames = /(?:TOKEN|SECRET|PASSWORD|KEY|CREDENTIALS)$/i;
// A shorter one is a name or a number: it would be cut out of innocent words.
const minNamedLength = 8;

/**
 * Finds what may be secret in the body of a cook, or in a job, run or recipe as the service gives it:
 * credentials by what they are or are called, and all other values of the environment.
 */
export function findSecrets(body: unknown) {
  const credentials: string[] = [];
  const values: string[] = [];
  const collect = (value: Json | undefined, name: string) => {
    if (typeof value === 'string' || typeof value === 'number') {
      const text = String(value);
      // The public half of a key pair.
      const isNamed = credentialNames.test(name) && name !== 'sshkey';
      const isCredential = isNamed && text.trim().length >= minNamedLength;
      (isCredential || credentialFields.has(name) ? credentials : values).push(text);
    } else if (isList(value)) for (const member of value) collect(member, name);
    else if (isMapping(value)) for (const key of Object.keys(value)) collect(value[key], key);
    return hidden;
  };
  const look = (place: unknown) => {
    if (!isMapping(place)) return;
    hideSecrets(place, collect);
    const tokens = place['container_access_tokens'];
    for (const each of isList(tokens) ? tokens : [])
      if (isMapping(each)) collect(each['token'], 'token');
    look(place['payload']);
    look(place['job_snapshot']);
  };
  look(body);
  return { credentials, values };
}
