// How programs write a text inside of another: by the characters that they are known to write otherwise.

/** A text as it may stand in JSON, HTML or a URL. */
export function writtenFormsOf(text: string): readonly string[] {
  return [...new Set([...inJson(text), ...inHtml(text), ...inUrls(text)])];
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
