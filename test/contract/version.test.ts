import { expect, test } from '@jest/globals';
import { version } from '../../src/version.ts';
import { projectFile } from './action-files.ts';

test('the version in the log is that of the package', () => {
  expect(JSON.parse(projectFile('package.json'))).toMatchObject({ version });
});
