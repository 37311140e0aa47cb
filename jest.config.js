import { availableParallelism } from 'node:os';

/** Tests run as ES modules on Node 24; swc only strips the types, `tsc` checks them. */
export default {
  testEnvironment: 'node',
  // Most tests wait, for child processes and for time to pass: more workers than cores, many scenes
  // of a file at once, and time for a slow machine. As a number: Jest takes 150% for 150 workers.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  maxConcurrency: 10,
  testTimeout: 60_000,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }],
  },
};
