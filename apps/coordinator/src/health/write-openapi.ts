import { writeFileSync } from 'node:fs';
import { openApiDocument } from './openapi.js';
import { version } from './version.js';

// Run by hand after a route has changed: the difference of docs/openapi.json is what a client has to know.
writeFileSync(new URL('../../../../docs/openapi.json', import.meta.url), `${JSON.stringify(openApiDocument(version), null, 1)}\n`);
