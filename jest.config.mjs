/** All projects in one jest, for one plain total: `npm test` and `.ci/run`. */
export default {
  projects: ['<rootDir>/libs/*/jest.config.mjs', '<rootDir>/apps/*/jest.config.mjs', '<rootDir>/examples/*/jest.config.mjs', '<rootDir>/e2e/*/jest.config.mjs'],
};
