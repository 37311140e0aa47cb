/** A secret as it is, and as JSON, a URL and base64 write it. */
export function writtenFormsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const ascii = json.replaceAll(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  // Half of a surrogate pair has no such form.
  const url = encodeURIComponent(secret.toWellFormed());
  const base64 = Buffer.from(secret).toString('base64');
  return [...new Set([secret, json, ascii, url, base64])];
}
