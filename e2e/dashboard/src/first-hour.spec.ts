import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ToyFleet } from '@seedfleet/e2e-fleet';
import { type Browser, type Page } from 'playwright-core';
import { launchBrowser, openPage } from './console-page.js';
import { runAsOnDevice } from './worker-command.js';

const cli = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));
const pictures = fileURLToPath(new URL('../../../tmp/first-hour/', import.meta.url));
const password = 'correct horse battery staple';
const rounds = 400;

let fleet: ToyFleet;
let browser: Browser;
let page: Page;
let run = 0;

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  fleet = await ToyFleet.start(0);
  browser = await launchBrowser();
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, reducedMotion: 'reduce', colorScheme: 'light' });
  context.setDefaultTimeout(20_000);
  page = await context.newPage();
}, 120_000);

afterAll(async () => {
  await browser.close();
  await fleet.remove();
});

const picture = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`) });
const lossesShown = () => page.getByRole('region', { name: 'Evaluations' }).getByRole('row');

/** The hour of docs/first-hour.md: each test is one of its steps and stands on those before. */
test('the one-time link of the first start makes the first admin', async () => {
  await page.goto(readFileSync(join(fleet.coordinator.home, 'first-login'), 'utf8').trim());
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Ada');
  await page.locator('input[type=password]').nth(0).fill(password);
  await page.locator('input[type=password]').nth(1).fill(password);
  await page.getByRole('button', { name: 'Set password and sign in' }).click();
  await page.getByRole('heading', { name: 'No run yet', exact: false }).or(page.getByText('No run yet')).first().waitFor();
  await picture('1-signed-in');
}, 60_000);

test('two devices enrol by the line that the console shows, and are approved by their fingerprints', async () => {
  await page.getByRole('link', { name: 'Enrolment' }).click();
  await page.getByLabel('Name of the token').fill('lab');
  await page.getByLabel('Devices it lets in').fill('2');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const line = await page.getByText(/^seedfleet-worker enroll/).textContent();
  for (const name of ['laptop', 'desktop']) {
    const printed = await runAsOnDevice(`${line ?? ''} --name ${name} --home ${fleet.homeOf(name)}`);
    const fingerprint = /key: (.+)$/m.exec(printed)?.[1] ?? 'none printed';
    await page.getByRole('region', { name: 'Devices that wait for approval' }).getByRole('cell', { name: fingerprint }).waitFor();
    if (name === 'laptop') await picture('2-pending');
    await page.getByRole('button', { name: `Approve ${name}` }).click();
    await fleet.writeData(name);
    await fleet.startWorker(name);
  }
  await page.getByText('Nobody waits.').waitFor();
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByText('2 devices, 2 online').waitFor();
  await picture('3-devices');
}, 120_000);

test('a model comes in from the browser, and the wizard starts a run on it', async () => {
  const folder = await fleet.writeModel();
  await page.getByRole('link', { name: 'Models' }).click();
  await page.locator('input[type=file]').setInputFiles(['model.onnx', 'tokenizer.json'].map((name) => join(folder, name)));
  await page.getByLabel('Name', { exact: false }).first().fill('toy');
  await page.getByRole('button', { name: 'Upload' }).click();
  await page.getByRole('cell', { name: 'ready', exact: true }).waitFor();
  await openPage(page, `${fleet.coordinator.url}/runs/new`);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Name of the run').fill('early or late');
  await page.getByLabel('Labels').fill('early, late');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Rounds').fill(String(rounds));
  await page.getByLabel('Evaluate every').fill('5');
  await page.getByLabel('Reports at least').fill('1');
  await picture('4-wizard');
  await page.getByRole('button', { name: 'Start on 2 devices' }).click();
  await page.getByRole('heading', { name: 'early or late' }).waitFor();
  run = Number(/runs\/(\d+)/.exec(page.url())?.[1]);
}, 60_000);

test('loss appears after the first commits', async () => {
  await lossesShown().nth(2).waitFor();
  await page.getByRole('img', { name: /Held-out loss by round/ }).waitFor();
  await picture('5-learning');
}, 60_000);

test('a killed worker does not stop the run; started again, it catches up to the same state', async () => {
  await fleet.worker('desktop').kill('SIGKILL');
  const { round } = await fleet.run(run);
  await fleet.reached(run, round + 5);
  await openPage(page, `${fleet.coordinator.url}/devices`);
  await page.getByText('2 devices, 1 online').waitFor();
  await picture('6-worker-killed');
  await fleet.startWorker('desktop');
  const later = await fleet.run(run);
  await fleet.workerReached('desktop', { run, round: later.round });
}, 90_000);

test('a killed coordinator comes back, and the run goes on', async () => {
  await fleet.killCoordinator();
  await fleet.restartCoordinator();
  const { round } = await fleet.run(run);
  await fleet.reached(run, round + 5);
  await openPage(page, `${fleet.coordinator.url}/runs/${run}`);
  await page.getByText(/Run \d+: (running|completed)/).waitFor();
}, 90_000);

test('the run is rolled back to round ten: a branch starts from the state that it had there', async () => {
  await fleet.coordinator.client.call('stopRun', { params: { id: run } }).catch(() => undefined); // It may have ended by itself.
  const parent = run;
  const cut = (await fleet.run(run)).round - 1;
  await openPage(page, `${fleet.coordinator.url}/runs/${run}?tab=rounds`);
  await page.getByRole('button', { name: `Roll back run ${run} to the state after round ${cut - 1}` }).click();
  await picture('7-roll-back');
  await page.getByRole('button', { name: `Branch from run ${run}` }).click();
  await page.getByText(`Branch of run ${parent} after ${cut} rounds`).waitFor();
  run = Number(/runs\/(\d+)/.exec(page.url())?.[1]);
  await fleet.reached(run, 5);
  await fleet.coordinator.client.call('stopRun', { params: { id: run } });
}, 90_000);

test('the result is verified and exported from a terminal', async () => {
  const env = { ...process.env, SEEDFLEET_URL: fleet.coordinator.url, SEEDFLEET_TOKEN: readFileSync(join(fleet.coordinator.home, 'admin-token'), 'utf8').trim() };
  const seedfleet = async (...words: string[]) => (await promisify(execFile)(process.execPath, [cli, ...words], { env })).stdout;
  expect(await seedfleet('runs', 'verify', String(run))).toContain('PASSED');
  await seedfleet('runs', 'export', String(run), '--out', fleet.homeOf('adapter'));
  expect(readdirSync(fleet.homeOf('adapter'))).toEqual(expect.arrayContaining(['adapter_model.safetensors', 'adapter_config.json', 'README.md']));
}, 90_000);
