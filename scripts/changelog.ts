/**
 * The section of a version in a changelog as of keepachangelog.com, without its heading.
 * @throws Error where there is none, or nothing in it
 */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((each) => each.startsWith(`## [${version}]`));
  // Links of the headings follow the last section.
  const notes = section?.replace(/^.*\n/, '').replaceAll(/^\[[^\]]+\]: .*$/gm, '');
  if (!notes?.trim()) throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return notes.trim();
}
