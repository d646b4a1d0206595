import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { ToyFleet } from '@seedfleet/e2e-fleet';
import { type Browser, type Page } from 'playwright-core';
import { enterToken, launchBrowser, signIn } from './console-page.js';

let fleet: ToyFleet;
let browser: Browser;
let page: Page;
let run: number;
const problems: string[] = [];

beforeAll(async () => {
  fleet = await ToyFleet.start(2);
  run = await fleet.startRun({ rounds: 40, reportsMin: 2 });
  await fleet.ended(run);
  browser = await launchBrowser();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(15_000);
  page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
}, 120_000);

afterAll(async () => {
  await browser.close();
  await fleet.remove();
});

test('a token that nobody has is refused in words', async () => {
  await page.goto(fleet.coordinator.url);
  await enterToken(page, 'sft_nobody');
  await page.getByText(/token/i).filter({ hasText: /unknown|not known|no such|expired|invalid|refused|revoked/i }).first().waitFor();
  // The browser itself writes a line for an answer of 401.
  problems.length = 0;
}, 30_000);

test('the operator signs in and finds fleet and run: devices online, 40 rounds, and its last evaluation over both devices', async () => {
  await signIn(page, { url: fleet.coordinator.url, token: (await readFile(join(fleet.coordinator.home, 'admin-token'), 'utf8')).trim() });
  await page.getByText('live').waitFor();
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByRole('cell', { name: 'device-0' }).waitFor();
  expect(await page.getByText('online', { exact: true }).count()).toBe(2);
  await page.getByRole('link', { name: 'Runs' }).click();
  await page.getByRole('link', { name: `${run} toy` }).click();
  await page.getByText(/completed, 40 of 40 rounds/).waitFor();
  const { stateHash } = await fleet.run(run);
  await page.getByText((stateHash ?? '').slice(0, 12)).waitFor();
  await page.getByRole('img', { name: /loss by round/ }).waitFor();
  // The newest evaluation stands first, over the held-out examples of both; the oldest may have come before the second device was ready.
  expect(await page.getByRole('row').nth(1).getByRole('cell').allTextContents()).toEqual(expect.arrayContaining(['40', '80', '2']));
}, 60_000);

test('rounds, devices and manifest of the run are there', async () => {
  await page.getByRole('tab', { name: 'Rounds' }).click();
  await page.getByRole('cell', { name: 'committed' }).first().waitFor();
  expect(await page.getByRole('row').count()).toBe(41);
  await page.getByRole('tab', { name: 'Devices' }).click();
  await page.getByRole('cell', { name: 'device-1' }).waitFor();
  await page.getByRole('tab', { name: 'Manifest' }).click();
  await page.getByText(`seedfleet runs verify ${run}`).waitFor();
}, 60_000);

test('a device is suspended and let in again, and revoking asks first and names it', async () => {
  await page.getByRole('link', { name: 'Devices' }).click();
  const row = page.getByRole('row').filter({ hasText: 'device-0' });
  await row.getByRole('button', { name: 'Suspend' }).click();
  await row.getByRole('cell', { name: 'suspended' }).waitFor();
  await row.getByRole('button', { name: 'Resume' }).click();
  await row.getByRole('cell', { name: 'active' }).waitFor();
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog', { name: 'Revoke device-0?' }).waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  expect((await fleet.coordinator.client.call('listDevices')).items.find(({ name }) => name === 'device-0')?.state).toBe('active');
}, 60_000);

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  test.each(['/', '/devices', '/runs', '/runs/1'])('axe finds nothing on %s', async (path) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${fleet.coordinator.url}${path}`);
    await page.getByText('live').waitFor();
    await page.getByRole('heading', { level: 1 }).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ').slice(0, 400)}`)).toEqual([]);
  }, 60_000);
});

test('the pages raised no error', () => {
  expect(problems).toEqual([]);
});
