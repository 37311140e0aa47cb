/** Tests run as ES modules on Node 24; swc only strips the types, `tsc` checks them. */
export default {
  testEnvironment: 'node',
  // Most tests wait, for child processes and for time to pass: one worker for each core, several
  // scenes of a file at once, and time for a slow machine. With more workers, fast clocks are late.
  maxWorkers: '100%',
  maxConcurrency: 8,
  testTimeout: 60_000,
  // With src, `--findRelatedTests src/…` finds the tests that import a file.
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }],
  },
};
