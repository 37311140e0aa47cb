/** Tests run as ES modules on Node 24; swc only strips the types, `tsc` checks them. */
export default {
  testEnvironment: 'node',
  // Most tests wait for child processes: one worker for each core, and time for a slow machine.
  maxWorkers: '100%',
  testTimeout: 60_000,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }],
  },
};
