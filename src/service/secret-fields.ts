import { isList, isMapping, type Json, type JsonMapping } from './json.ts';

// Of a container and its volumes. All other parameters, known or not, may hold somebody's secrets.
const shownNames = new Set(
  'image tag imagesrc host user ports allowed_ips mount registry'.split(' '),
);

export const hidden = '***';

/** The body of a cook as it may be shown: secrets and the values of the environment are `***`. */
export function hideSecrets(body: JsonMapping): JsonMapping {
  const { parameters } = body;
  if (!isMapping(parameters) || !isMapping(parameters['parameters'])) return body;
  return {
    ...body,
    parameters: { ...parameters, parameters: hideMembers(parameters['parameters']) },
  };
}

function hideMembers(place: JsonMapping): JsonMapping {
  return Object.fromEntries(
    Object.entries(place).map(([name, value]) => [name, hideValue(value, name)]),
  );
}

function hideValue(value: Json | undefined, name: string): Json | undefined {
  if (value === null || value === undefined || shownNames.has(name)) return value;
  if (name === 'env' && isMapping(value))
    return Object.fromEntries(Object.keys(value).map((key) => [key, hidden]));
  if (name !== 'volumes' || !isList(value)) return hidden;
  return value.map((volume) => (isMapping(volume) ? hideMembers(volume) : hidden));
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
  const look = (value: Json | undefined, name: string, isEnv: boolean) => {
    if (isMapping(value))
      for (const [key, member] of Object.entries(value)) look(member, key, isEnv || name === 'env');
    else if (isList(value)) for (const member of value) look(member, name, isEnv);
    else if (typeof value === 'string' || typeof value === 'number') {
      const text = String(value);
      const isPublicKey = name === 'sshkey';
      const isNamed = credentialNames.test(name) && !isPublicKey;
      if (credentialFields.has(name) || (isNamed && text.trim().length >= minNamedLength))
        credentials.push(text);
      else if (isEnv || isPublicKey) values.push(text);
    }
  };
  const whole = isMapping(body) ? body : {};
  for (const place of [whole, whole['payload'], whole['job_snapshot']]) {
    if (!isMapping(place)) continue;
    look(place['parameters'], '', false);
    look(place['container_access_tokens'], '', false);
  }
  return { credentials, values };
}
