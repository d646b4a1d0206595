import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { serveConsole } from './serve-console.js';

@Module({})
class NothingElse {}

let folder: string;
let app: NestExpressApplication;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seedfleet-console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<title>console</title>');
  writeFileSync(join(folder, 'assets', 'app-1a2b.js'), 'export {};');
  app = await NestFactory.create<NestExpressApplication>(NothingElse, { logger: false });
  serveConsole(app, folder);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const get = (path: string, accept = 'text/html') => fetch(`${url}${path}`, { headers: { accept } });

test.each(['/', '/devices', '/runs/12'])('the page %s is the console, and is asked for anew each time', async (path) => {
  const answer = await get(path);
  expect(await answer.text()).toContain('<title>console</title>');
  expect(answer.headers.get('cache-control')).toBe('no-cache');
});

test('an asset is kept for ever, since its name holds its hash; one that is not there is not found', async () => {
  expect((await get('/assets/app-1a2b.js')).headers.get('cache-control')).toContain('immutable');
  expect((await get('/assets/app-0000.js')).status).toBe(404);
});

test.each(['/api/v1/runs', '/readyz', '/version', '/openapi.json', '/../package.json'])('%s is not a page of the console', async (path) => {
  expect((await get(path)).status).toBe(404);
});

test('a client that wants JSON never gets a page', async () => {
  expect((await get('/devices', 'application/json')).status).toBe(404);
});

test('without a built console nothing is served', async () => {
  const bare = await NestFactory.create<NestExpressApplication>(NothingElse, { logger: false });
  serveConsole(bare, join(folder, 'nowhere'));
  await bare.listen(0, '127.0.0.1');
  expect((await fetch(`${await bare.getUrl()}/`, { headers: { accept: 'text/html' } })).status).toBe(404);
  await bare.close();
});
