/** A secret as it is, and as JSON, a URL and base64 write it, by itself and after a name. */
export function writtenFormsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const ascii = json.replaceAll(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  // Half of a surrogate pair has no such form.
  const url = encodeURIComponent(secret.toWellFormed());
  return [...new Set([secret, json, ascii, url, ...inBase64(secret)])];
}

function inBase64(secret: string): readonly string[] {
  return ['', 'a:', 'ab:'].map((before) => {
    const whole = Buffer.from(before + secret).toString('base64');
    // The characters that hold nothing but bits of the secret.
    const first = Math.ceil((Buffer.byteLength(before) * 8) / 6);
    const end = Math.floor((Buffer.byteLength(before + secret) * 8) / 6);
    return whole.slice(first, end);
  });
}
