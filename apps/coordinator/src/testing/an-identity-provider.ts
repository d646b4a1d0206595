import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface IdentityProviderUnderTest {
  issuer: string;
  close(): Promise<void>;
}

/** @param accounts claims by subject @param idTokenSeconds how long its ID tokens are good; below 0 they have ended when they are made */
export async function anIdentityProvider({ redirectUris, accounts, idTokenSeconds = 60 }: { redirectUris: string[]; accounts: Record<string, object>; idTokenSeconds?: number }): Promise<IdentityProviderUnderTest> {
  const file = fileURLToPath(new URL('./an-identity-provider.process.mjs', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, JSON.stringify({ redirectUris, accounts, idTokenSeconds })], { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', process.env['SPEC_LOG'] === undefined ? 'ignore' : 'inherit'] });
  const ended = once(child, 'exit').then(([code]) => { throw new Error(`the identity provider ended with ${code}`); });
  const [issuer] = await Promise.race([once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>, ended]);
  ended.catch(() => {});
  return {
    issuer,
    async close() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** A browser without a window: keeps cookies by host and follows redirects as far as it is told to. */
export class CookieJar {
  private readonly cookies = new Map<string, Map<string, string>>();

  async get(url: string, headers: Record<string, string> = {}): Promise<Response> {
    const jar = this.of(url);
    const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html,*/*', cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '), ...headers } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Goes where it is sent, until `isThere`. @returns the address that it was sent to then, not yet asked for */
  async follow(url: string, isThere: (next: string) => boolean): Promise<string> {
    let at = url;
    for (let hops = 0; hops < 12; hops++) {
      const next = (await this.get(at)).headers.get('location');
      if (next === null) throw new Error(`nowhere to go from ${new URL(at).pathname}`);
      at = new URL(next, at).href;
      if (isThere(at)) return at;
    }
    throw new Error('sent around in circles');
  }

  header(url: string): string {
    return [...this.of(url)].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private of(url: string): Map<string, string> {
    const { host } = new URL(url);
    const known = this.cookies.get(host) ?? new Map<string, string>();
    this.cookies.set(host, known);
    return known;
  }
}
