import { readFileSync, readdirSync } from 'node:fs';
import { errors } from './catalog.js';
import { type ErrorEntry } from './catalog/error-entry.js';

const workspace = new URL('../../../', import.meta.url).pathname;
const entries = Object.entries<ErrorEntry>(errors);
const page = readFileSync(`${workspace}docs/errors.md`, 'utf8');

/** Sections of docs/errors.md by their heading. */
const sections = page.split(/^### /m).slice(1).map((text) => {
  const [heading = '', ...body] = (text.split(/^## /m)[0] ?? '').split('\n');
  return { heading, paragraphs: body.join('\n').split(/\n{2,}/).map((paragraph) => paragraph.trim()).filter((paragraph) => paragraph !== '') };
});

test('every code of the catalog is explained in docs/errors.md, once, and nothing else is', () => {
  expect(sections.map(({ heading }) => heading).sort()).toEqual(entries.map(([code]) => code).sort());
});

test.each(entries)('docs/errors.md says of %s when it happens, its status, and what to do', (code, { http, retryable }) => {
  const [status, meaning, ...todo] = sections.find(({ heading }) => heading === code)?.paragraphs ?? [];
  expect(status).toBe(`HTTP ${http} · ${retryable ? 'may pass by itself' : 'stays until something is changed'}`);
  expect(meaning).toMatch(/^[A-Z][^]{30,}[.]$/);
  expect(todo.join('\n')).toMatch(/^\*\*Do:\*\* [A-Z][^]{15,}$/);
});

test.each(entries)('%s is noun.problem, with a status of an error and a fix that is a sentence', (code, { http, fix }) => {
  expect(code).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/);
  expect(http).toBeGreaterThanOrEqual(400);
  expect(http).toBeLessThan(600);
  expect(fix).toMatch(/^[A-Z`"].{10,}[^\s,;]$/);
});

test('no code stands in the files of two rooms', () => {
  const folder = `${workspace}libs/errors/src/catalog`;
  const listed = readdirSync(folder).flatMap((name) => [...readFileSync(`${folder}/${name}`, 'utf8').matchAll(/^ {2}'([a-z.-]+)':/gm)].map(([, code]) => code));
  expect(listed.filter((code, index) => listed.indexOf(code) !== index)).toEqual([]);
});
