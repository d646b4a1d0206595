import { z } from 'zod';
import { parseRequest } from './problem.js';
import { routes, type Route } from './routes.js';

const all: [string, Route][] = Object.entries(routes);

test('no two routes share method and path', () => {
  const keys = all.map(([, { method, path }]) => `${method} ${path}`);
  expect(new Set(keys).size).toBe(keys.length);
});

test.each(all)('%s has parameters for its path and bodies that OpenAPI can describe', (_name, route) => {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  expect(route.params === null ? [] : Object.keys(route.params.shape)).toEqual(inPath);
  for (const schema of [route.query, route.request]) if (schema instanceof z.ZodType) expect(Object.keys(z.toJSONSchema(schema, { io: 'input' }))).toEqual(expect.arrayContaining([expect.stringMatching(/^(type|oneOf)$/)]));
  if (route.response instanceof z.ZodType) expect(z.toJSONSchema(route.response)).toHaveProperty('type');
});

test('a wrong field is request.invalid with its path and without its value', () => {
  const error = (() => {
    try {
      return parseRequest(routes.createEnrolmentToken.request, { usesMax: -424_242 });
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toMatchObject({ code: 'request.invalid', field: 'usesMax' });
  expect(String(error)).not.toContain('424');
});
