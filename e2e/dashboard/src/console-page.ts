import { chromium, type Browser, type Page } from 'playwright-core';

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
  await page.locator('input[type=password]').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
