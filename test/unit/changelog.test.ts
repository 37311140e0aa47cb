import { describe, expect, test } from '@jest/globals';
import { releaseNotes } from '../../scripts/changelog.ts';

const changelog = `# Changelog

## [Unreleased]

### Added

- Something to come.

## [1.10.0] - 2026-08-01

### Fixed

- A fault. See [docs](docs/design.md).

## [1.1.0] - 2026-07-01

[1.10.0]: https://example.com/compare
[1.1.0]: https://example.com/tag
`;

describe('the notes of a release', () => {
  test('are its section, without the heading', () => {
    expect(releaseNotes(changelog, '1.10.0')).toBe(
      '### Fixed\n\n- A fault. See [docs](docs/design.md).',
    );
  });

  test.each([
    ['an unknown version', '2.0.0'],
    ['a part of a version', '1.10'],
    ['a version with nothing but links below it', '1.1.0'],
  ])('are missed for %s', (_case, version) => {
    expect(() => releaseNotes(changelog, version)).toThrow(`says nothing of ${version}`);
  });
});
