import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type Page } from 'playwright-core';

export const colourSchemes = ['light', 'dark'] as const;

/** Debian's Chromium, as root too. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** Opens the console and signs in as an operator does: by pasting a token. */
export async function signIn(page: Page, { url, token }: { url: string; token: string }): Promise<void> {
  await page.goto(url);
  await enterToken(page, token);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}

/** Fills the form of the sign-in page and sends it. */
export async function enterToken(page: Page, token: string): Promise<void> {
  await page.getByText('API token', { exact: true }).first().click();
  await page.locator('input[type=password]').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Opens a page of the console and waits until nothing on it loads. */
export async function openPage(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.getByText('live', { exact: true }).waitFor();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('main:not(:has([aria-label=Loading]))').waitFor();
}

/** What axe holds against the page as it stands, in both colour schemes: `scheme: rule: elements`. Only colours differ between the two: the rest is looked at once. */
export async function axeFindings(page: Page): Promise<string[]> {
  const findings: string[] = [];
  for (const scheme of colourSchemes) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.locator(`html[data-mantine-color-scheme=${scheme}]`).waitFor({ state: 'attached' });
    // Without frames there is nothing that the slower way, over a second page, would find.
    const axe = new AxeBuilder({ page }).setLegacyMode(true);
    const { violations } = await (scheme === colourSchemes[0] ? axe : axe.withRules(['color-contrast'])).analyze();
    findings.push(...violations.map(({ id, nodes }) => `${scheme}: ${id}: ${nodes.map(({ html }) => html).join(' | ').slice(0, 400)}`));
  }
  return findings;
}

/** Pixels that the page is wider than its window: 0 where nothing has to be scrolled sideways. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)');
}
