/**
 * The console in a real Chromium against a real fleet: what an operator sees and does, axe on every page in both colour schemes.
 * Not here: numbers of the fleet itself (e2e/fleet).
 */
export { launchBrowser, signIn } from './console-page.js';
