import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Sample { metric: Record<string, string>; value: [number, string] }

/** Debian's Prometheus, scraping one coordinator four times a second. */
export interface PrometheusUnderTest {
  /** @returns the samples of an instant query @throws with Prometheus's words if the expression is none */
  query(expression: string): Promise<Sample[]>;
  /** name and health of every rule that it evaluates */
  rules(): Promise<{ name: string; health: string; lastError?: string }[]>;
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

export async function aPrometheus({ target, token, ruleFile }: { target: string; token: string; ruleFile: string }): Promise<PrometheusUnderTest> {
  if (!existsSync('/usr/bin/prometheus')) throw new Error('This spec needs Prometheus: apt-get install -y --no-install-recommends prometheus');
  const folder = mkdtempSync(join(tmpdir(), 'seedfleet-prometheus-'));
  const port = await freePort();
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 });
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({
    global: { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '250ms' }, rule_files: [ruleFile],
    scrape_configs: [{ job_name: 'seedfleet', authorization: { credentials_file: join(folder, 'token') }, static_configs: [{ targets: [new URL(target).host] }] }],
  }));
  const child = spawn('/usr/bin/prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error',
  ], { stdio: ['ignore', 'ignore', 'inherit'], env: { GOMAXPROCS: '1' } });
  const ended = once(child, 'exit');
  const ask = async (path: string): Promise<{ status: string; error?: string; data: never }> => (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json() as never;
  const prometheus: PrometheusUnderTest = {
    async query(expression) {
      const { status, error, data } = await ask(`query?query=${encodeURIComponent(expression)}`);
      if (status !== 'success') throw new Error(`${expression}: ${error}`);
      const { resultType, result } = data as { resultType: string; result: Sample[] | Sample['value'] };
      return resultType === 'vector' ? result as Sample[] : [{ metric: {}, value: result as Sample['value'] }];
    },
    async rules() {
      const { groups } = (await ask('rules')).data as { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
      return groups.flatMap(({ rules }) => rules);
    },
    async close() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  // Rates need two scrapes: wait until there are more.
  for (;;) {
    const samples = await prometheus.query('count_over_time(seedfleet_build_info[1m])').catch(() => []);
    if (Number(samples[0]?.value[1] ?? 0) >= 4) return prometheus;
    if (child.exitCode !== null) throw new Error('Prometheus did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
