import { isList, isMapping, type Json, type JsonMapping } from './json.ts';
import { canonicalJson } from './sign.ts';

const hidden = '***';

/** Knows the secrets of a step, and takes them out of text. To be used before text is cut or encoded. */
export type Redactor = ReturnType<typeof createRedactor>;

// What is shorter is no secret, and would be cut out of innocent words.
const minLength = 6;
// More than any step has. Each costs time for each line of a log, and a service may echo any number.
const maxTexts = 2_000;

/**
 * Creates a redactor without secrets.
 * @param mask has the runner blank a text of one line in all that is printed later
 */
export function createRedactor(mask: (line: string) => void = () => {}) {
  const credentials = createReplacer();
  const values = createReplacer();
  const masked = new Set<string>();
  let publicText = '';

  const addCredentials = (secrets: readonly string[]) => {
    for (const line of new Set(secrets.flatMap(linesOf)).difference(masked)) {
      masked.add(line);
      mask(line);
    }
    credentials.add(secrets);
  };
  return {
    /** Keys, tokens and logins: masked by the runner, and taken out of all that we write. */
    addCredentials,
    addCredentialsOf: (body: unknown) => {
      addCredentials(findSecrets(body).credentials);
    },
    /** The body of a request: errors of the service may repeat the values of its environment. */
    addSent: (body: Json | undefined) => {
      const found = findSecrets(body);
      addCredentials(found.credentials);
      values.add(found.values.filter((value) => !publicText.includes(value)));
    },
    /** An answer: the service echoes what others have sent. The runner need not know of that. */
    addEchoed: (answer: unknown) => {
      credentials.add(findSecrets(answer).credentials);
    },
    /** What the workflow shows by itself, such as a title: a value in it is no secret. */
    addPublic: (texts: readonly string[]) => {
      publicText += `${texts.join('\n')}\n`;
    },
    /** A text without credentials: for what a container says, which is the user's own. */
    redact: credentials.replace,
    /** A text without credentials and other values of the environment: for what the service says. */
    redactServiceText: (text: string) => values.replace(credentials.replace(text)),
    /** {@link redact} for all texts in a value of JSON's, keys included. */
    redactJson: (value: JsonMapping) => redactMembers(value, credentials.replace),
  };
}

function linesOf(secret: string) {
  return secret
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line.length >= minLength);
}

function createReplacer() {
  const known = new Set<string>();
  const forms: string[] = [];
  return {
    add: (secrets: readonly string[]) => {
      for (const text of secrets.flatMap((secret) => [secret, secret.trim(), ...linesOf(secret)])) {
        if (text.trim().length < minLength || known.has(text) || known.size === maxTexts) continue;
        known.add(text);
        forms.push(...formsOf(text));
        forms.sort((a, b) => b.length - a.length);
      }
    },
    replace: (text: string) => forms.reduce((left, form) => left.replaceAll(form, hidden), text),
  };
}

/** A text as it is, and as JSON, URLs and base64 write it. */
function formsOf(text: string) {
  const inJson = (['ascii', 'utf8'] as const).map((dialect) =>
    canonicalJson(text, dialect).slice(1, -1),
  );
  const inUrls = encodeURIComponent(text.toWellFormed());
  // Without its last character, which what follows may change.
  const inBase64 = Buffer.from(text).toString('base64').replace(/.?=*$/, '');
  return [...new Set([text, ...inJson, inUrls, inBase64])];
}

function redactTree(value: Json, redact: (text: string) => string): Json {
  if (typeof value === 'string') return redact(value);
  if (isList(value)) return value.map((member) => redactTree(member, redact));
  return isMapping(value) ? redactMembers(value, redact) : value;
}

function redactMembers(value: JsonMapping, redact: (text: string) => string): JsonMapping {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [redact(key), redactTree(member ?? null, redact)]),
  );
}

// Of a container and its volumes. All other parameters, known or not, may be secret.
const shown = new Set('image tag imagesrc host user ports allowed_ips mount registry'.split(' '));

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
  if (value === null || value === undefined || shown.has(name)) return value;
  if (name === 'env' && isMapping(value))
    return Object.fromEntries(Object.keys(value).map((key) => [key, hidden]));
  if (name !== 'volumes' || !isList(value)) return hidden;
  return value.map((volume) => (isMapping(volume) ? hideMembers(volume) : hidden));
}

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
