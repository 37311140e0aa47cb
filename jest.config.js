/** Tests run as ES modules on Node 24; swc only strips the types, `tsc` checks them. */
export default {
  testEnvironment: 'node',
  // A test that fails half-way leaves its server open; the run must end all the same.
  forceExit: true,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }],
  },
};
