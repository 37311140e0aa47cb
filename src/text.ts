// Control characters, and all that Unicode calls format characters or that shows as nothing: these
// could hide a secret or a command in foreign text. `\t`, `\n` and `\r` are white space.
const invisible =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\p{Cf}\p{Cs}\p{Noncharacter_Code_Point}\u{e0000}-\u{e0fff}]/gu;

// Colors too: GitHub would leave them on for the lines after.
const terminalCodes =
  // eslint-disable-next-line no-control-regex
  /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u001b\u009b]\[?[0-?]*[ -/]*[@-~]/g;

/** A text without terminal codes and characters that do not show. */
export function stripInvisible(text: string): string {
  // Most lines of a log are nothing but ASCII.
  if (!/[^\t\n\r -~]/.test(text)) return text;
  return text.replaceAll(terminalCodes, '').replaceAll(invisible, '');
}

/** The beginning of a text, of so many UTF-16 units at most, an ellipsis included. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${beginning(text, maxLength - 1).trimEnd()}…`;
}

/** The first so many UTF-16 units of a text; never half of a character that takes two. */
export function beginning(text: string, maxLength: number): string {
  const isSplit = /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(maxLength - 1, maxLength + 1));
  return text.slice(0, Math.max(0, isSplit ? maxLength - 1 : maxLength));
}
