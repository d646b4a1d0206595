/** All projects in one jest, for one plain total: `npm test` and `.ci/run`. */
export default {
  // Engines, databases and browsers on a busy machine: bounded, but not by the five seconds that a quiet one would do with.
  testTimeout: 30_000,
  projects: ['<rootDir>/libs/*/jest.config.mjs', '<rootDir>/apps/*/jest.config.mjs', '<rootDir>/examples/*/jest.config.mjs', '<rootDir>/e2e/*/jest.config.mjs'],
};
