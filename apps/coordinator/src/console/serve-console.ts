import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NestExpressApplication } from '@nestjs/platform-express';
import express, { type NextFunction, type Request, type Response } from 'express';

/** The built console stands beside the coordinator, in the workspace as in the image. */
export const consoleFolder = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));
const yearMs = 365 * 24 * 3_600 * 1_000;
/** A page of the console is any path without a dot that no route of the API or of the service owns. */
const pagePath = /^\/(?!api\/|socket\.io|livez$|readyz$|startupz$|version$|metrics$)[^.]*$/;

/**
 * Serves the console where it was built: its files, and index.html for each of its pages, so that their addresses can be shared.
 * A coordinator without it is one for machines only.
 */
export function serveConsole(app: NestExpressApplication, folder = consoleFolder): void {
  const index = join(folder, 'index.html');
  if (!existsSync(index)) return;
  // Names of assets hold the hash of what is in them: they never change.
  app.use('/assets', express.static(join(folder, 'assets'), { immutable: true, maxAge: yearMs, index: false, fallthrough: false }));
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (request.method !== 'GET' || !pagePath.test(request.path) || request.accepts(['json', 'html']) !== 'html') return next();
    response.setHeader('cache-control', 'no-cache');
    response.sendFile(index);
  });
}
