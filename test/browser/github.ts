import { fromHtml } from 'hast-util-from-html';
import { defaultSchema, sanitize } from 'hast-util-sanitize';
import { toHtml } from 'hast-util-to-html';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';

/** Markdown as HTML, before anything is taken out of it. */
export function rawHtml(markdown: string): string {
  return micromark(markdown, {
    allowDangerousHtml: true,
    allowDangerousProtocol: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  });
}

/** Markdown as GitHub shows it: its flavour, with what it does not allow taken out. */
export function githubHtml(markdown: string): string {
  const tree = sanitize(fromHtml(rawHtml(markdown), { fragment: true }), {
    ...defaultSchema,
    attributes: { ...defaultSchema.attributes, code: [['className', /^language-./]] },
  });
  return toHtml(tree);
}
