import { errors } from '@seedfleet/errors';
import { isCreation, problemMediaType, problemSchema, routes, type Route } from '@seedfleet/protocol';
import { z } from 'zod';

type Json = Record<string, unknown>;
type Io = 'input' | 'output';

const schemaOf = (schema: z.ZodType, io: Io): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return rest;
};

function bodyOf(body: Route['request'] | Route['response'], io: Io): Json | undefined {
  if (body === null) return undefined;
  if (typeof body === 'string') return { [body]: {} };
  return { 'application/json': { schema: schemaOf(body, io) } };
}

function parametersOf(schema: z.ZodType | null, place: 'path' | 'query'): Json[] {
  if (schema === null) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({ name, in: place, required: place === 'path' || required.includes(name), schema: property }));
}

const idempotencyKey: Json = {
  name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', minLength: 1, maxLength: 255 },
  description: 'the same key within a day: made once, answered alike',
};

const ifMatch: Json = {
  name: 'If-Match', in: 'header', required: false, schema: { type: 'string' },
  description: 'ETag of the answer that the change was decided on: refused with 412 request.stale if somebody changed the thing since',
};
const etag: Json = { ETag: { description: 'for If-Match of a change', schema: { type: 'string' } } };
const retryAfter: Json = { 'Retry-After': { description: 'seconds to wait', schema: { type: 'integer' } } };
const refused = (description: string, headers: Json = {}): Json => ({ description, ...(Object.keys(headers).length === 0 ? {} : { headers }), content: { [problemMediaType]: { schema: { $ref: '#/components/schemas/Problem' } } } });

/** Answers that every route may give. */
const sharedResponses = {
  Stale: refused('somebody else changed it since'),
  Limited: refused('too much from this address or under this name', retryAfter),
  Unavailable: refused('it passes by itself', retryAfter),
  Refused: refused('refused; 409 state.transition names the state that the thing is in'),
};
const shared = (name: keyof typeof sharedResponses): Json => ({ $ref: `#/components/responses/${name}` });

function operationOf(name: string, route: Route): Json {
  const request = bodyOf(route.request, 'input');
  const response = bodyOf(route.response, 'output');
  return {
    operationId: name, summary: route.summary, 'x-role': route.role,
    security: route.role === 'anyone' ? [] : [{ bearer: [] }, ...(route.role === 'device' ? [] : [route.method === 'GET' ? { cookie: [] } : { cookie: [], bearer: [] }])],
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query'), ...(isCreation(route) ? [idempotencyKey] : []), ...(route.ifMatch ? [ifMatch] : [])],
    ...(request === undefined ? {} : { requestBody: { required: true, content: request } }),
    responses: {
      [route.status]: { description: route.summary, ...(route.etag ? { headers: etag } : {}), ...(response === undefined ? {} : { content: response }) },
      ...(route.ifMatch ? { 412: shared('Stale') } : {}),
      429: shared('Limited'), 503: name === 'readyz' ? { description: 'a part is failing', content: response } : shared('Unavailable'),
      default: shared('Refused'),
    },
  };
}

/** OpenAPI 3.1 of the REST API, from the route table that also validates requests. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    const path = route.path.replace(/:([a-z]+)/gi, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(name, route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Seedfleet coordinator', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An operator\'s API token, or a device\'s credential where x-role allows devices.' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'seedfleet-session', description: 'A session of the console. Changes also need its crossSiteProof as bearer.' },
      },
      responses: sharedResponses,
      schemas: { Problem: { ...schemaOf(problemSchema, 'output'), description: `code is one of: ${Object.keys(errors).sort().join(', ')}` } },
    },
  };
}
