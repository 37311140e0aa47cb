import type { Runner } from '../runner.ts';
import { fromText } from './parsers.ts';
import { invalid, quote, suggest } from './tree.ts';

/** The regions in the vendor's documentation. A list to suggest from: the service may have others. */
const knownRegions: readonly string[] = `
  ca-central-1 ca-west-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
  eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3
  ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
  ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6
  ap-southeast-7 cn-north-1 cn-northwest-1 af-south-1 il-central-1 me-central-1 me-south-1
`
  .trim()
  .split(/\s+/);

const wellFormed = /^[a-z]{2,}(?:-[a-z]+)+-\d+$/;
const maxLength = 40;

/** A region code, in lower case; also one that is not known here. */
export const regionCode = fromText((given) => {
  const code = given.toLowerCase();
  if (code.length <= maxLength && wellFormed.test(code)) return code;
  const hint = suggest(code, knownRegions) || '; use a code such as eu-west-1 or us-east-2';
  throw invalid(`${quote(given)} is not a region code${hint}`);
});

/** Warns of regions that are sent though they are not known here: they may be misspelled. */
export function warnOfUnknownRegions(
  runner: Runner,
  cooks: readonly { readonly allowed_region_codes?: readonly string[] | undefined }[],
): void {
  const codes = new Set(cooks.flatMap((cook) => cook.allowed_region_codes ?? []));
  const unknown = [...codes].filter((code) => !knownRegions.includes(code));
  if (unknown.length === 0) return;
  const listed = unknown.map((code) => `${code}${suggest(code, knownRegions)}`).join('\n');
  runner.annotate(
    'warning',
    'An unknown region',
    `This version does not know these values of allowed-region-codes, and sends them as they are:\n${listed}`,
  );
}
