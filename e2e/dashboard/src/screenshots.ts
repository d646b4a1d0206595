import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ToyFleet } from '@seedfleet/e2e-fleet';
import { consoleAddresses } from './console-addresses.js';
import { colourSchemes, launchBrowser, openPage, signIn } from './console-page.js';

const folder = fileURLToPath(new URL('../../../tmp/screenshots/', import.meta.url));
const widths = [{ width: 1440, height: 900 }, { width: 390, height: 844 }];

/** Pictures of every page at two widths in both colour schemes, of a fleet that really trained: tmp/screenshots/<page>-<width>-<scheme>.png */
async function takeScreenshots(fleet: ToyFleet): Promise<number> {
  const run = await trainedRun(fleet);
  await fleet.coordinator.client.call('createEnrolmentToken', { body: { name: 'lab', usesMax: 3, approval: true } });
  const [model] = (await fleet.coordinator.client.call('listModels')).items;
  const [device] = (await fleet.coordinator.client.call('listDevices')).items;
  const token = (await readFile(join(fleet.coordinator.home, 'admin-token'), 'utf8')).trim();
  const browser = await launchBrowser();
  let taken = 0;
  try {
    const page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
    const shoot = async (name: string) => {
      for (const viewport of widths) {
        for (const colorScheme of colourSchemes) {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme });
          await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor({ state: 'attached' });
          await page.screenshot({ path: join(folder, `${name}-${viewport.width}-${colorScheme}.png`), fullPage: true });
          taken += 1;
        }
      }
    };
    await page.goto(fleet.coordinator.url);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await shoot('sign-in');
    await signIn(page, { url: fleet.coordinator.url, token });
    for (const { name, path } of consoleAddresses({ model: model?.id ?? '', run, device: device?.id ?? '' })) {
      await openPage(page, `${fleet.coordinator.url}${path}`);
      await shoot(name);
    }
    await openPage(page, `${fleet.coordinator.url}/runs/new`);
    await page.getByRole('button', { name: 'Next' }).click();
    await shoot('new-run-task');
    await page.getByRole('button', { name: 'Next' }).click();
    await shoot('new-run-policy');
  } finally {
    await browser.close();
  }
  return taken;
}

/** A run long enough to see it learn, evaluated on its way. @returns its number, once it has ended */
async function trainedRun(fleet: ToyFleet): Promise<number> {
  const { id } = await fleet.coordinator.client.call('createRun', { body: {
    name: 'early or late', model: await fleet.addToyModel(),
    task: { type: 'classification', labels: ['early', 'late'], tokensMax: 16 },
    adapter: { rank: 2, alpha: 4, sites: 'dense', scale: 1, headScale: 3 },
    estimator: { type: 'leave-one-out', queries: 16, eps: 1e-2, distribution: 'rademacher', groups: 1, batchExamples: 64 },
    stepRule: { type: 'normalised', learningRate: 0.05, schedule: 'linear' },
    policy: { roundsMax: 200, cohort: 3, overSelection: 1, reportsMin: 2, deadlineMs: 5_000, evaluationEveryRounds: 10, checkpointEveryRounds: 50, attemptsMax: 10 },
    start: true,
  } });
  await fleet.ended(id);
  return id;
}

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const fleet = await ToyFleet.start(3, { logLevel: 'warn' });
try {
  process.stdout.write(`${await takeScreenshots(fleet)} screenshots in ${folder}\n`);
} finally {
  await fleet.remove();
}
