import { decoded, maxLevels } from './decoded.ts';

// The forms in which a secret may come back beside itself. What programs write in place of single
// characters is undone before (`decoded.ts`): here is what changes all of them.

// Shorter, and the form of one text would stand in many others.
const minEncodedLength = 8;

/** A secret in all forms in which it is looked for, itself first. */
export function guisesOf(secret: string): readonly string[] {
  const plain = [secret, secret.trim(), secret.normalize('NFC'), secret.normalize('NFD')];
  const oneLine = secret.replaceAll(/[\r\n\t]+/g, ' ').trim();
  // As a form has it, once the rest is undone.
  const inForms = secret.replaceAll(' ', '+');
  const all = [...plain, oneLine, inForms].flatMap(withUndone);
  return [...new Set([...all, ...inBase64(secret), ...inBase64(secret.trim())])];
}

/** What looks like an escape in a secret is undone with those around it. */
function withUndone(text: string): readonly string[] {
  const levels = [text];
  for (let view = decoded(text); view !== null && levels.length <= maxLevels;) {
    levels.push(view.text);
    view = decoded(view.text);
  }
  return levels;
}

/** As a text of its own, and wherever it may stand in a longer one: as `user:secret` does. */
function inBase64(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const inside = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Only the characters that what stands around it cannot change.
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor(((before + bytes.length) * 8) / 6);
    return encoded.slice(from, to);
  });
  return [bytes.toString('base64'), ...inside]
    .filter(({ length }) => length >= minEncodedLength)
    .flatMap((each) => [each, each.replaceAll('+', '-').replaceAll('/', '_')]);
}
