/**
 * Masks secrets as GitHub's runner does in log and summary: line by line, in the text as it was
 * written, each as it is and in the forms that the runner knows itself.
 */
export function maskLines(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    inXml(secret),
  ]);
  return text
    .split('\n')
    .map((line) => forms.reduce((masked, form) => masked.replaceAll(form, '***'), line))
    .join('\n');
}

function inXml(text: string): string {
  const named: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return text.replaceAll(/[&<>"']/g, (char) => named[char] ?? char);
}
