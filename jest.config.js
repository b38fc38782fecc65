/** Tests are TypeScript and import the built JavaScript in dist/: they run what users run. */
export default {
  testEnvironment: 'node',
  maxWorkers: '100%', // jest leaves a core idle unless told: with two cores that is half the machine
  testTimeout: 60_000, // a machine that does other work is slow, not wrong
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/bench/', '<rootDir>/.build/'],
}
