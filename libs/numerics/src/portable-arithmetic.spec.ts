import { readdirSync, readFileSync } from 'node:fs';

/** Exact by ECMAScript: everything else of Math may differ in its last bit between engines. */
const exact = new Set(['sqrt', 'ceil', 'floor', 'min', 'max', 'abs', 'fround', 'PI']);
const root = new URL('.', import.meta.url);

test('nothing here uses a function of Math whose last bit is left to the engine', () => {
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
  const used = sources.flatMap((name) => [...readFileSync(new URL(name, root), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').matchAll(/Math\.(\w+)/g)].map(([, member]) => `${name}: ${member}`));
  expect(used.filter((use) => !exact.has(use.split(': ')[1] ?? ''))).toEqual([]);
  expect(used.length).toBeGreaterThan(0);
});
