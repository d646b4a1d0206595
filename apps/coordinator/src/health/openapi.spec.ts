import { readFileSync } from 'node:fs';
import { openApiDocument } from './openapi.js';
import { version } from './version.js';

test('docs/openapi.json is the API of this build (rewrite it with: node apps/coordinator/dist/health/write-openapi.js)', () => {
  const committed: unknown = JSON.parse(readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8'));
  expect(JSON.parse(JSON.stringify(openApiDocument(version)))).toEqual(committed);
});
