import { FleetError, errors, type ErrorCode } from '@seedfleet/errors';
import { type ArgumentsHost } from '@nestjs/common';
import { Logger } from '../app/logger.js';
import { ProblemFilter } from '../app/problem.filter.js';
import { openApiDocument } from './openapi.js';

interface Parameter { name: string; in: string }
interface Answer { headers?: Record<string, unknown>; content?: Record<string, { schema?: { properties?: Record<string, { type?: string }> } }> }
interface Operation { operationId: string; parameters: Parameter[]; requestBody?: { content: Record<string, unknown> }; responses: Record<string, Answer>; 'x-role': string }

const document = openApiDocument('0.0.0') as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })));
type Described = (typeof operations)[number];

const has = ({ parameters }: Described, place: string, name: string) => parameters.some((parameter) => parameter.in === place && parameter.name === name);
const propertiesOf = ({ responses }: Described) => responses['200']?.content?.['application/json']?.schema?.properties ?? {};
const idsOf = (found: Described[]) => found.map(({ operationId }) => operationId).sort();

test('every list has cursors, and says what comes next', () => {
  const lists = operations.filter((operation) => operation.method === 'get' && propertiesOf(operation)['items']?.type === 'array');
  expect(lists.length).toBeGreaterThan(15);
  const without = lists.filter((operation) => !has(operation, 'query', 'cursor') || !has(operation, 'query', 'limit') || propertiesOf(operation)['next'] === undefined);
  // The end of a device's own log: as much as one message of the device holds.
  expect(idsOf(without)).toEqual(['showDeviceLog']);
});

test('whatever is changed in place can be guarded by the ETag of an earlier answer', () => {
  const inPlace = operations.filter(({ method, requestBody }) => method === 'put' && requestBody?.content['application/json'] !== undefined);
  expect(inPlace.length).toBeGreaterThan(3);
  expect(idsOf(inPlace.filter((operation) => !has(operation, 'header', 'If-Match') || operation.responses['412'] === undefined || operation.responses['200']?.headers?.['ETag'] === undefined))).toEqual([]);
  // And nobody has to guess an ETag: another answer of the same collection has one.
  const collection = ({ path }: Described) => path.split('/').slice(0, 4).join('/');
  const tagged = new Set(operations.filter(({ responses, ...rest }) => !has({ responses, ...rest }, 'header', 'If-Match') && Object.values(responses).some(({ headers }) => headers?.['ETag'] !== undefined)).map(collection));
  expect(idsOf(operations.filter((operation) => has(operation, 'header', 'If-Match') && !tagged.has(collection(operation))))).toEqual([]);
});

test('what an operator makes can be made once under an Idempotency-Key', () => {
  const made = operations.filter(({ method, responses, 'x-role': role }) => method === 'post' && responses['201'] !== undefined && role !== 'anyone');
  expect(made.length).toBeGreaterThan(8);
  expect(idsOf(made.filter((operation) => !has(operation, 'header', 'Idempotency-Key')))).toEqual([]);
});

test('paths are plural nouns below one prefix', () => {
  const nouns = new Set(operations.filter(({ path }) => path.startsWith('/api/v1/')).map(({ path }) => path.split('/')[3] ?? ''));
  const singular = [...nouns].filter((noun) => !noun.endsWith('s'));
  // Of the caller, of this coordinator, or of the device that asks: there is one.
  expect(singular.filter((noun) => !['session', 'sign-in', 'device', 'system', 'overview', 'openapi.json', 'whoami', 'privacy'].includes(noun))).toEqual([]);
});

test.each(Object.entries(errors).filter(([, { http, retryable }]) => retryable && (http === 429 || http === 503)).map(([code]) => code as ErrorCode))('%s says when to come again', (code) => {
  const headers = new Map<string, string>();
  const response = {
    headersSent: false, get: (name: string) => headers.get(name), set: (name: string, value: string) => { headers.set(name, value); },
    status: () => response, type: () => response, send: () => response,
  };
  const host = { switchToHttp: () => ({ getRequest: () => ({ method: 'GET', path: '/' }), getResponse: () => response }) } as unknown as ArgumentsHost;
  new ProblemFilter(new Logger('silent')).catch(new FleetError(code, { problem: 'A problem.' }), host);
  expect(Number(headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
});
