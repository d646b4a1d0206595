import { applyDecorators, createParamDecorator, Delete, Get, HttpCode, Post, Put, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { parseRequest, routes, type RouteName } from '@seedfleet/protocol';
import { type Request } from 'express';
import { type z } from 'zod';

type Routes = typeof routes;
type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** What a handler of a route gets: checked against the route table, so that validation, OpenAPI and clients cannot differ. */
export interface InputOf<N extends RouteName> {
  params: Parsed<Routes[N]['params']>;
  query: Parsed<Routes[N]['query']>;
  body: Parsed<Routes[N]['request']>;
}

export const routeNameKey = 'seedfleet:route';
const verbs = { GET: Get, POST: Post, PUT: Put, DELETE: Delete };

/** Makes a method the handler of a route of the protocol: method, path and status come from the table, the role too (AccessGuard). */
export function Handles(name: RouteName): MethodDecorator {
  const route = routes[name];
  return applyDecorators(verbs[route.method](route.path), HttpCode(route.status), SetMetadata(routeNameKey, name));
}

export function routeNameOf(context: ExecutionContext): RouteName | undefined {
  return Reflect.getMetadata(routeNameKey, context.getHandler()) as RouteName | undefined;
}

/** The checked input of the route. A file's bytes are not read here: the handler streams the request. */
export const Input = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const name = routeNameOf(context);
  if (name === undefined) throw new Error('@Input() stands in a method without @Handles()');
  const route = routes[name];
  const request = context.switchToHttp().getRequest<Request>();
  return {
    params: route.params === null ? undefined : parseRequest(route.params, request.params),
    query: route.query === null ? undefined : parseRequest(route.query, request.query),
    body: route.request === null || typeof route.request === 'string' ? undefined : parseRequest(route.request, request.body ?? {}),
  };
});
