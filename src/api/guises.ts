// The forms in which a secret may come back: whoever repeats it puts it into a text of some kind.

// Shorter, and the form of one text would stand in many others.
const minEncodedLength = 8;

/** A secret in all forms in which it is looked for, itself first. */
export function guisesOf(secret: string): readonly string[] {
  const plain = [secret, secret.trim(), secret.normalize('NFC'), secret.normalize('NFD')];
  const oneLine = secret.replaceAll(/[\r\n\t]+/g, ' ').trim();
  // Of a form's text the rest is undone before it is looked at.
  const inForms = secret.replaceAll(' ', '+');
  const all = [...plain, oneLine, inForms].flatMap((each) => [
    each,
    ...inJson(each),
    ...inHtml(each),
    ...inUrls(each),
  ]);
  return [...new Set([...all, ...inBase64(secret), ...inBase64(secret.trim())])];
}

function inJson(text: string): readonly string[] {
  const utf8 = JSON.stringify(text).slice(1, -1);
  const ascii = utf8.replaceAll(/[^\u0020-\u007e]/g, unicodeEscape);
  const upper = ascii.replaceAll(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`);
  const forms = [utf8, ascii, upper].flatMap((form) => [form, form.replaceAll('/', '\\/')]);
  // A text that quotes JSON may stand in JSON itself, as may what was cut out of HTML.
  return [...forms, ...forms.map((form) => JSON.stringify(form).slice(1, -1)), htmlInJson(utf8)];
}

// As some libraries keep JSON harmless inside of a page.
function htmlInJson(json: string): string {
  return json.replaceAll(/[<>&']/g, unicodeEscape);
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function inHtml(text: string): readonly string[] {
  const basic = text.replaceAll(/[&<>]/g, (char) => named[char] ?? char);
  const quoted = text.replaceAll(/[&<>"]/g, (char) => named[char] ?? char);
  const apostrophes = ['&#39;', '&#039;', '&#x27;', '&apos;'];
  const numeric = (escape: (code: number) => string, chars: RegExp) =>
    text.replaceAll(chars, (char) => escape(char.codePointAt(0) ?? 0));
  const beyondAscii = quoted.replaceAll(/[^ -~]/gu, (char) => decimal(char.codePointAt(0) ?? 0));
  return [
    basic,
    quoted,
    ...apostrophes.map((each) => quoted.replaceAll("'", each)),
    numeric(decimal, /[&<>"']/g),
    numeric(decimal, /[&<>"'`=/]|[^ -~]/gu),
    beyondAscii,
    numeric((code) => `&#x${code.toString(16).toUpperCase()};`, /[&<>"'`=/]/g),
  ];
}

function decimal(code: number): string {
  return `&#${code};`;
}

function inUrls(text: string): readonly string[] {
  // Half of a surrogate pair has no such form.
  const component = encodeURIComponent(text.toWellFormed());
  const strict = component.replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const forms = [component, strict, encodeURI(text.toWellFormed())];
  return forms.flatMap((form) => [
    form,
    form.replaceAll('%20', '+'),
    form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ]);
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
