import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { ToyFleet } from '@seedfleet/e2e-fleet';
import { type Browser, type BrowserContext, type Page } from 'playwright-core';
import { launchBrowser } from './console-page.js';

const password = 'correct horse battery staple';
let fleet: ToyFleet;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  fleet = await ToyFleet.start(0);
  browser = await launchBrowser();
  context = await browser.newContext();
  context.setDefaultTimeout(15_000);
  page = await context.newPage();
}, 120_000);

afterAll(async () => {
  await browser.close();
  await fleet.remove();
});

const overview = (on: Page) => on.getByRole('heading', { name: 'Overview' }).waitFor();
const linkFile = () => join(fleet.coordinator.home, 'first-login');

async function signIn(secret: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Ada');
  await page.locator('input[type=password]').fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('the one-time link of the first start makes the first admin and leaves no invitation behind', async () => {
  await page.goto(readFileSync(linkFile(), 'utf8').trim());
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Ada');
  await page.locator('input[type=password]').nth(0).fill(password);
  await page.locator('input[type=password]').nth(1).fill(password);
  expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id)).toEqual([]);
  await page.getByRole('button', { name: 'Set password and sign in' }).click();
  await overview(page);
  expect(page.url()).not.toContain('sfi_');
  expect(existsSync(linkFile())).toBe(false);
}, 60_000);

test('a new tab finds the session, and script cannot read its cookie', async () => {
  const tab = await context.newPage();
  await tab.goto(fleet.coordinator.url);
  await overview(tab);
  expect(await tab.evaluate('document.cookie')).toBe('');
  expect((await context.cookies()).map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([{ name: 'seedfleet-session', httpOnly: true, sameSite: 'Strict' }]);
  await tab.close();
}, 60_000);

test('signing out ends the session; a wrong password is refused in words, the right one lets in', async () => {
  const ended = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await page.getByRole('button', { name: 'Sign out' }).click();
  expect((await ended).status()).toBe(204);
  await page.reload();
  await signIn('a wrong password');
  await page.getByText(/do not belong together/).waitFor();
  await signIn(password);
  await overview(page);
}, 60_000);

test.each(['light', 'dark'] as const)('axe finds nothing on the sign-in page in %s', async (colorScheme) => {
  const stranger = await (await browser.newContext({ colorScheme })).newPage();
  await stranger.goto(fleet.coordinator.url);
  await stranger.getByRole('button', { name: 'Sign in' }).waitFor();
  expect((await new AxeBuilder({ page: stranger }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ').slice(0, 400)}`)).toEqual([]);
  await stranger.context().close();
}, 60_000);

test('what somebody else changes appears by itself; where the connection for that is cut the page is read again and again, and where nobody answers it says since when', async () => {
  const makeGroup = (name: string) => fleet.coordinator.client.call('createGroup', { body: { name, filter: 'tag=lab' } });
  const told = new Promise<void>((resolve) => {
    // A change carries the id of what changed, and nothing else of it.
    page.once('websocket', (socket) => socket.on('framereceived', ({ payload }) => { if (payload.includes('grp_')) resolve(); }));
  });
  await page.goto(`${fleet.coordinator.url}/groups`);
  await page.getByText('live', { exact: true }).waitFor();
  await makeGroup('made elsewhere');
  await told;
  await page.getByText('made elsewhere').waitFor();
  await page.routeWebSocket(/socket\.io/, (socket) => socket.close());
  await page.reload();
  await page.getByText('live by polling').waitFor();
  await makeGroup('found by polling');
  await page.getByText('found by polling').waitFor();
  await fleet.coordinator.stop();
  await page.getByText(/^stale since \d/).waitFor();
}, 60_000);
