import { readFileSync } from 'node:fs';
import { evaluationSeriesNames, markKinds, roundSeriesNames } from '@seedfleet/protocol';

test('docs/console.md says what every series and every mark is', () => {
  const page = readFileSync(new URL('../../../../docs/console.md', import.meta.url), 'utf8');
  const said = new Set([...page.matchAll(/`([A-Za-z0-9.*-]+)`/g)].map(([, name]) => name));
  const names = [...roundSeriesNames, ...evaluationSeriesNames, ...markKinds].map((name) => (name.startsWith('declined.') ? 'declined.*' : name));
  expect(names.filter((name) => !said.has(name))).toEqual([]);
});
