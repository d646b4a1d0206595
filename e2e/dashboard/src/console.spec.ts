import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ToyFleet } from '@seedfleet/e2e-fleet';
import { type Browser, type Page } from 'playwright-core';
import { consoleAddresses } from './console-addresses.js';
import { axeFindings, enterToken, launchBrowser, openPage, overflowOf, signIn } from './console-page.js';
import { runAsOnDevice } from './worker-command.js';

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
  const table = page.getByRole('region', { name: 'Rounds', exact: true });
  await table.locator('table[aria-rowcount="41"]').waitFor();
  // Rows that nobody sees are not in the page; the last one is as soon as it is scrolled to.
  expect(await table.getByRole('row').count()).toBeLessThan(41);
  await table.focus();
  await page.keyboard.press('End');
  await table.getByRole('row').filter({ has: page.getByRole('cell', { name: '0', exact: true }).first() }).last().waitFor();
  await table.locator('tr[aria-rowindex="41"]').waitFor();
  await page.getByRole('tab', { name: 'Devices' }).click();
  await page.getByRole('cell', { name: 'device-1' }).waitFor();
  await page.getByRole('tab', { name: 'Manifest' }).click();
  await page.getByText(`seedfleet runs verify ${run}`).waitFor();
}, 60_000);

test('a round has a page: who was asked, its seeds, and that its commit and reports hold', async () => {
  await openPage(page, `${fleet.coordinator.url}/runs/${run}?tab=rounds`);
  await page.getByLabel('Go to round').fill('7');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Round 7', exact: true }).waitFor();
  await page.getByText('It is signed by this coordinator and follows the commit before it. The stored reports give the hash that it names.').waitFor();
  expect(await page.getByRole('region', { name: 'Devices of the attempt', exact: true }).getByRole('row').last().getByRole('cell').nth(1).textContent()).toBe('2');
  await page.getByRole('img', { name: /^Differences by device/ }).waitFor();
  await page.getByRole('link', { name: 'Round 8' }).click();
  await page.getByRole('heading', { name: 'Round 8', exact: true }).waitFor();
  expect((await page.getByRole('region', { name: 'Seeds and coefficients' }).getByRole('cell').nth(2).textContent())).toMatch(/^[0-9a-f]{16}$/);
}, 30_000);

test('plots are zoomed by keyboard and over another axis; the address keeps both, and their numbers are a table', async () => {
  await openPage(page, `${fleet.coordinator.url}/runs/${run}?tab=estimator`);
  await page.getByLabel('From round').fill('10');
  await page.getByLabel('to round').fill('19');
  await page.getByText('Bytes', { exact: true }).click();
  await page.waitForURL(/from=10.*to=19|to=19.*from=10/);
  await page.waitForURL(/x=bytes/);
  await page.reload();
  await page.getByText('Numbers of Sign agreement').click();
  const numbers = page.getByRole('region', { name: 'Numbers of Sign agreement' });
  await numbers.getByText('The newest 10 of 10 points.').waitFor();
  expect(await numbers.getByRole('row').nth(1).getByRole('cell').first().textContent()).toBe('19');
  await page.getByRole('button', { name: 'All rounds' }).click();
  await numbers.getByText('The newest 20 of 40 points.').waitFor();
}, 30_000);

test('what left the devices, what happened, and how the coordinator does, are told', async () => {
  await openPage(page, `${fleet.coordinator.url}/runs/${run}?tab=privacy`);
  const { differences } = await fleet.coordinator.client.call('showDisclosure', { params: { id: run } });
  await page.getByText('differences of loss left the devices').locator('xpath=..').getByText(differences.toLocaleString('en'), { exact: true }).waitFor();
  await page.getByRole('tab', { name: 'Log' }).click();
  await page.getByText('Changes', { exact: true }).click();
  await page.getByRole('cell', { name: 'run.create' }).waitFor();
  await page.waitForURL(/kind=change/);
  await page.getByRole('link', { name: 'System' }).click();
  await page.getByRole('region', { name: 'Tables by size' }).getByRole('cell', { name: 'commits', exact: true }).waitFor();
}, 30_000);

test('a run is rolled back to a round: the console asks with run and round, and the new run says where it comes from', async () => {
  await page.getByRole('link', { name: 'Runs' }).click();
  await page.getByRole('link', { name: `${run} toy` }).click();
  await page.getByRole('tab', { name: 'Rounds' }).click();
  await page.getByRole('button', { name: `Roll back run ${run} to the state after round 29` }).click();
  const dialog = page.getByRole('dialog', { name: `Roll back run ${run}, toy, to its first 30 rounds?` });
  await dialog.getByLabel('Name of the new run').fill('second thoughts');
  await dialog.getByRole('switch', { name: 'Start it at once' }).click();
  await dialog.getByText(`seedfleet runs branch ${run} --round 30 --draft`).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await dialog.getByRole('button', { name: `Branch from run ${run}` }).click();
  await page.getByRole('heading', { name: 'second thoughts' }).waitFor();
  await page.getByText(`Branch of run ${run} after 30 rounds`).waitFor();
  await page.getByText(/draft, 0 of 40 rounds/).waitFor();
  await page.getByRole('link', { name: `run ${run}`, exact: true }).click();
  await page.getByRole('heading', { name: 'toy', exact: true }).waitFor();
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

test('a filter is explained where it is wrong, finds devices by their tags, and a group counts them', async () => {
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByRole('link', { name: 'device-0' }).click();
  await page.getByRole('combobox', { name: 'Words to find it by, also in groups and filters' }).fill('lab');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save tags' }).click();
  await page.getByRole('cell', { name: 'given other tags' }).waitFor();
  await page.getByRole('link', { name: 'All devices' }).click();
  await page.getByLabel('Filter').fill('tga=lab');
  await page.getByText(/There is no field "tga"/).waitFor();
  await page.getByLabel('Filter').fill('tag=lab');
  await page.keyboard.press('Enter');
  await page.getByText('1 devices, 1 online').waitFor();
  await page.waitForURL(/filter=/);
  await page.getByRole('button', { name: 'Change all 1' }).click();
  await page.getByRole('dialog').getByText('seedfleet devices change suspend --filter').waitFor();
  await page.getByRole('button', { name: 'suspend 1 devices' }).click();
  await page.getByText('1 devices changed.').waitFor();
  expect((await fleet.coordinator.client.call('countDevices')).states.suspended).toBe(1);
  await page.getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('cell', { name: 'active' }).waitFor();
  await page.getByRole('link', { name: 'Groups' }).click();
  await page.getByLabel('Name of the group').fill('lab machines');
  await page.getByLabel('Filter').fill('tag=lab');
  await page.getByText('1 devices would be in it now').waitFor();
  await page.getByRole('button', { name: 'Make the group' }).click();
  await page.getByRole('link', { name: 'lab machines' }).click();
  await page.getByText('1 devices, 1 online').waitFor();
}, 60_000);

test('the audit page shows who did that and that the chain holds; settings make a token that works', async () => {
  await page.getByRole('link', { name: 'Audit', exact: true }).click();
  await page.getByText('The chain holds').waitFor();
  await page.getByLabel('What', { exact: true }).fill('group.create');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('cell', { name: /name lab machines/ }).waitFor();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByLabel('Name of the API token').fill('nightly');
  await page.getByRole('button', { name: 'Make it' }).click();
  const token = await page.getByText(/^sft_/).textContent();
  const answer = await fetch(`${fleet.coordinator.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${token ?? ''}` } });
  expect(await answer.json()).toMatchObject({ role: 'viewer' });
}, 60_000);

test('a token is made, a device enrols by the line that is shown, and its fingerprint is approved; then the token is ended', async () => {
  await page.getByRole('link', { name: 'Enrolment' }).click();
  await page.getByLabel('Name of the token').fill('lab');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const line = await page.getByText(/^seedfleet-worker enroll/).textContent();
  const printed = await runAsOnDevice(`${line ?? ''} --name laptop --home ${fleet.homeOf('laptop')}`);
  const fingerprint = /key: (.+)$/m.exec(printed)?.[1] ?? 'none printed';
  await page.getByRole('region', { name: 'Devices that wait for approval' }).getByRole('cell', { name: fingerprint }).waitFor();
  await page.getByRole('button', { name: 'Approve laptop' }).click();
  await page.getByText('Nobody waits.').waitFor();
  expect((await fleet.coordinator.client.call('listDevices')).items.find(({ name }) => name === 'laptop')).toMatchObject({ state: 'active', fingerprint });
  await page.getByRole('button', { name: 'End token lab' }).click();
  await page.getByRole('dialog', { name: 'End token lab?' }).getByRole('button', { name: 'End token lab' }).click();
  await page.getByRole('row').filter({ hasText: 'lab' }).waitFor({ state: 'detached' });
  expect((await fleet.coordinator.client.call('listEnrolmentTokens')).items.some(({ name }) => name === 'lab')).toBe(false);
}, 60_000);

test('a model is uploaded from the browser and is ready with its sites', async () => {
  await page.getByRole('link', { name: 'Models' }).click();
  await page.locator('input[type=file]').setInputFiles(['model.onnx', 'tokenizer.json'].map((name) => join(fleet.folder, 'model', name)));
  await page.getByLabel('Name', { exact: false }).first().fill('browser');
  await page.getByRole('button', { name: 'Upload' }).click();
  await page.getByRole('row').filter({ hasText: 'browser' }).getByRole('cell', { name: 'ready', exact: true }).waitFor();
  await page.getByRole('link', { name: 'browser' }).click();
  await page.getByRole('region', { name: 'Adapter sites' }).getByRole('cell', { name: '256' }).waitFor();
}, 60_000);

test('the wizard starts a run on the devices that were chosen, at the cost and with the command that it showed', async () => {
  await page.getByRole('link', { name: 'Runs' }).click();
  await page.getByRole('link', { name: 'New run' }).click();
  await page.getByLabel('Only these').check();
  await page.getByLabel('laptop').uncheck();
  await page.getByText('2 of 3 devices match, 2 of them online now.').waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Name of the run').fill('from the wizard');
  await page.getByLabel('Labels').fill('early, late');
  await page.getByText(/1 of 1 sites match; the run trains 162 values/).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Rounds').fill('3');
  await page.getByText(/a device and round: 345 bytes down, 95 bytes up/).waitFor();
  expect(await page.getByText(/^seedfleet runs start/).textContent()).toMatch(/--name 'from the wizard' --labels early,late .*--rounds 3 .*--devices /);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Start on 2 devices' }).click();
  await page.getByText(/completed, 3 of 3 rounds/).waitFor();
  const [newest] = (await fleet.coordinator.client.call('listRuns')).items;
  expect(newest).toMatchObject({ name: 'from the wizard', devices: 2, roundsMax: 3 });
}, 90_000);

test('a run is cloned for a group, tried on one device first, within a budget and at a later time; what was typed stands in the address', async () => {
  await fleet.coordinator.client.call('createGroup', { body: { name: 'all of them', filter: 'state=active' } });
  await page.getByRole('link', { name: 'Clone' }).click();
  await page.getByLabel('The devices of a group').check();
  await page.getByRole('combobox', { name: 'Group' }).click();
  await page.getByRole('option', { name: 'all of them (state=active)' }).click();
  await page.getByText('3 of 3 devices match').waitFor();
  for (let screen = 0; screen < 2; screen++) await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: /Stop early/ }).click();
  await page.getByLabel('Budget, scalars').fill('5000');
  await page.getByRole('button', { name: /A few devices first/ }).click();
  await page.getByRole('switch', { name: 'Ask a few devices first' }).check();
  await page.getByLabel('How many devices').fill('1');
  await page.getByRole('button', { name: /When it starts/ }).click();
  await page.getByLabel('Not before').fill('2030-01-01T03:00');
  await page.getByText(/at most 24 in the whole run, all devices together 5,000/).waitFor();
  await page.getByRole('button', { name: /The manifest/ }).click();
  await page.getByLabel('The manifest').getByText('"scalars": 5000').waitFor();
  expect(await axeFindings(page)).toEqual([]);
  expect(await page.getByText(/^seedfleet runs start/).textContent()).toMatch(/--rounds 3 .*--budget-scalars 5000 --start-at 2030-01-0\S+ --group grp_\S+ --canary-rounds 3 --canary-devices 1$/);
  await page.waitForURL(/canaryDevices%22%3A1/);
  await openPage(page, page.url());
  await page.getByRole('button', { name: 'Schedule on 3 devices' }).click();
  await page.getByText(/scheduled, 0 of 3 rounds/).waitFor();
  await page.getByText('The first 3 rounds on 1 device, then every device if they go well').waitFor();
  const [newest] = (await fleet.coordinator.client.call('listRuns')).items;
  expect(newest).toMatchObject({ name: 'from the wizard', state: 'scheduled', group: { name: 'all of them', membership: 'followed' }, budget: { scalars: 5_000 }, canary: { rounds: 3, devices: 1, stage: 'trial' } });
  await fleet.coordinator.client.call('stopRun', { params: { id: newest?.id ?? 0 } });
}, 90_000);

test('two runs beside each other: their curves, and the settings in which they differ', async () => {
  const wizard = (await fleet.coordinator.client.call('listRuns')).items.find(({ name }) => name === 'from the wizard');
  const ids = [wizard?.id ?? 0, run];
  await openPage(page, `${fleet.coordinator.url}/compare?runs=${ids.join(',')}`);
  await page.getByRole('img', { name: 'Held-out loss of the runs by round' }).waitFor();
  await page.getByRole('region', { name: 'Settings in which the runs differ' }).getByRole('row').filter({ hasText: 'policy.roundsMax' }).getByRole('cell', { name: '3', exact: true }).waitFor();
  await page.getByRole('link', { name: 'All runs' }).click();
  await page.getByRole('link', { name: 'Compare' }).waitFor();
}, 30_000);

test('the tab of a run stands in its address, and says that the fleet holds one state and what that costs', async () => {
  await openPage(page, `${fleet.coordinator.url}/runs/${run}`);
  await page.getByRole('tab', { name: 'Sync' }).click();
  await page.waitForURL(/tab=sync/);
  await page.reload();
  await page.getByText('distinct state hashes a round: must be 1').locator('xpath=..').getByText('1', { exact: true }).waitFor();
  await page.getByRole('tab', { name: 'Estimator' }).click();
  await page.getByRole('img', { name: /^Coefficients by round/ }).waitFor();
  await page.getByRole('tab', { name: 'Artifacts' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Save .* after round 40/ }).first().click();
  expect((await saved).suggestedFilename()).toMatch(new RegExp(`^run-${run}-round-40-`));
}, 60_000);

test('the keyboard alone goes past the navigation and into the wizard', async () => {
  await openPage(page, `${fleet.coordinator.url}/runs`);
  await page.keyboard.press('Tab');
  await page.getByRole('link', { name: 'Skip to the page' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.getByRole('link', { name: 'New run' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'New run' }).waitFor();
}, 30_000);

test.each(consoleAddresses({ model: '', run: 0, device: '' }).map(({ name }) => name))('axe finds nothing on page %s in light and dark, and nothing hangs over the edge at 390 pixels', async (name) => {
  const [model] = (await fleet.coordinator.client.call('listModels')).items;
  const [device] = (await fleet.coordinator.client.call('listDevices')).items;
  const { path = '/' } = consoleAddresses({ model: model?.id ?? '', run, device: device?.id ?? '' }).find((address) => address.name === name) ?? {};
  await page.setViewportSize({ width: 390, height: 844 });
  await openPage(page, `${fleet.coordinator.url}${path}`);
  expect(await overflowOf(page)).toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });
  expect(await axeFindings(page)).toEqual([]);
}, 30_000);

test('axe finds nothing on the sign-in page, and it fits 390 pixels', async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const stranger = await context.newPage();
  await stranger.goto(fleet.coordinator.url);
  await stranger.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(await overflowOf(stranger)).toBe(0);
  expect(await axeFindings(stranger)).toEqual([]);
  await context.close();
}, 30_000);

test('the pages raised no error', () => {
  expect(problems).toEqual([]);
});
