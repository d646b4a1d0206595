import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DebianPostgres, ToyFleet } from '@seedfleet/e2e-fleet';
import { type Locator, type Page } from 'playwright-core';
import { launchBrowser, signIn } from './console-page.js';
import { fillDatabase } from './full-database.js';

interface Figure { name: string; value: number; unit: string }

const devices = 10_000;
const rounds = 10_000;
const repetitions = 7;

/** Of sorted repetitions the middle one. */
const medianOf = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;

/** Milliseconds from before `act` until what it leads to stands on the page. */
async function elapsed(act: () => Promise<unknown>, shown: Locator): Promise<number> {
  const start = performance.now();
  await act();
  await shown.waitFor();
  return performance.now() - start;
}

/** Median of what `once` takes. */
async function repeated(once: (repetition: number) => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) times.push(await once(i));
  return medianOf(times);
}

/** The console in Debian's Chromium over a coordinator with ten thousand devices and rounds in PostgreSQL, all on one machine. */
export default async function consoleBench({ figure }: { figure(figure: Figure): void }): Promise<void> {
  const postgres = await DebianPostgres.start();
  const fleet = await ToyFleet.start(0, { postgres, logLevel: 'warn' });
  const browser = await launchBrowser();
  try {
    const run = await anEndedRun(fleet);
    await fillDatabase(postgres, { devices, rounds, run });
    const { url, home } = fleet.coordinator;
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })).newPage();
    await signIn(page, { url, token: (await readFile(join(home, 'admin-token'), 'utf8')).trim() });

    const useful: Record<string, Locator> = {
      '/': page.getByText('devices enrolled').locator('xpath=..').getByText('10000'),
      '/devices': page.getByRole('region', { name: 'Devices', exact: true }).getByRole('row').nth(14),
      [`/runs/${run}`]: page.getByRole('img', { name: /Held-out loss by round/ }).locator('canvas'),
      [`/runs/${run}?tab=rounds`]: page.getByRole('cell', { name: '9999', exact: true }),
      [`/runs/${run}?tab=estimator`]: page.getByRole('img', { name: /^Sign agreement by round/ }).locator('canvas'),
      [`/runs/${run}?tab=devices`]: page.getByRole('cell', { name: 'machine 1', exact: true }),
    };
    const paints: number[] = [];
    for (const [path, shown] of Object.entries(useful)) {
      const paint = await repeated(() => elapsed(() => page.goto(`${url}${path}`), shown));
      paints.push(paint);
      figure({ name: `console.firstPaintMs.${path.replace(String(run), 'N')}`, value: paint, unit: 'ms from navigation to the first useful content' });
    }
    figure({ name: 'console.firstPaintMs', value: Math.max(...paints), unit: 'ms, the slowest page' });
    figure({ name: 'console.filterMs', value: await filterTime(page, url), unit: 'ms from Enter to the filtered list and its count' });
    figure({ name: 'console.nextPageMs', value: await nextPageTime(page, url), unit: 'ms from the end of what was read to the following hundred devices' });
    const { p95, longest } = await scrollFrames(page, `${url}/runs/${run}?tab=rounds`);
    figure({ name: 'console.scrollFrameMs', value: p95, unit: 'ms between frames, 95th of 100, scrolling fast through thousands of rounds' });
    figure({ name: 'console.scrollLongestFrameMs', value: longest, unit: 'ms, the longest of them' });
  } finally {
    await browser.close();
    await fleet.remove();
    await postgres.remove();
  }
}

/** A run that has no rounds of its own: stopped before a device could come. */
async function anEndedRun(fleet: ToyFleet): Promise<number> {
  const id = await fleet.startRun({ rounds, cohort: 3, reportsMin: 1 });
  await fleet.coordinator.client.call('stopRun', { params: { id } });
  return id;
}

const filters = ['tag=lab', 'tag=gpu step>50', 'name~77', 'state=suspended tag=office', 'seen<24h', 'peak>800', 'state!=active'];

async function filterTime(page: Page, url: string): Promise<number> {
  await page.goto(`${url}/devices`);
  const status = page.getByRole('status').filter({ hasText: /devices, / });
  await status.getByText(/^10000 devices/).waitFor();
  return repeated(async (i) => {
    const filter = filters[i % filters.length] ?? '';
    const before = await status.textContent();
    await page.getByLabel('Filter').fill(filter);
    return elapsed(() => page.keyboard.press('Enter'), status.filter({ hasNotText: before ?? '' }).filter({ hasText: /^[1-9]/ }));
  });
}

async function nextPageTime(page: Page, url: string): Promise<number> {
  await page.goto(`${url}/devices`);
  const table = page.getByRole('region', { name: 'Devices', exact: true });
  await table.locator('tr[aria-rowindex="15"]').waitFor();
  await table.focus();
  let read = 100;
  return repeated(async () => {
    read += 100;
    return elapsed(() => page.keyboard.press('End'), page.getByRole('status').filter({ hasText: `${read} rows read` }));
  });
}

/** Scrolls a table down as a wheel does, a frame at a time, while the pages behind it are read. */
async function scrollFrames(page: Page, address: string): Promise<{ p95: number; longest: number }> {
  await page.goto(address);
  const table = page.getByRole('region', { name: 'Rounds', exact: true });
  await table.locator('tr[aria-rowindex="15"]').waitFor();
  const frames = await page.evaluate(`new Promise((resolve) => {
    const element = document.querySelector('.virtual-table[aria-label=Rounds]');
    const times = [];
    let last = performance.now();
    const step = (now) => {
      times.push(now - last);
      last = now;
      element.scrollTop += 300;
      if (times.length < 240) requestAnimationFrame(step); else resolve(times.slice(1));
    };
    requestAnimationFrame(step);
  })`) as number[];
  const sorted = frames.toSorted((a, b) => a - b);
  return { p95: sorted[Math.floor(0.95 * sorted.length)] ?? NaN, longest: sorted.at(-1) ?? NaN };
}
