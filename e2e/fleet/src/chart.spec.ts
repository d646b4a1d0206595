import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workspaceFolder } from '@seedfleet/example-sentiment';
import { routes } from '@seedfleet/protocol';
import { loadAll } from 'js-yaml';
import { PersistentVolumeClaim, Pod, Service } from 'kubernetes-models/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { helmBinary, helmRunsHere } from './helm/helm-binary.js';

// Helm itself lints and renders; the schemas are those of Kubernetes. There is no cluster where these tests run: nothing is installed.
const chart = join(workspaceFolder, 'apps/coordinator/deploy/helm/seedfleet');

interface Container { name: string; image: string; command?: string[]; env?: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[]; [probe: string]: unknown }
interface Manifest { apiVersion: string; kind: string; metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> }; spec: Record<string, never> }

const kinds: Record<string, new (data: never) => { validate(): void }> = { Deployment, Service, PersistentVolumeClaim, PodDisruptionBudget, NetworkPolicy, Ingress, Pod };

if (helmRunsHere) {
  let helm: string;
  beforeAll(async () => {
    helm = await helmBinary();
  }, 120_000);

  const setting = (values: Record<string, string>) => Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const required = { 'database.existingSecret': 'database' };
  const everything = {
    ...required, replicas: '3', 'redis.enabled': 'true', 'redis.existingSecret': 'redis', 'persistence.accessMode': 'ReadWriteMany', 'signingKey.existingSecret': 'key',
    'ingress.enabled': 'true', 'ingress.host': 'fleet.example.org', 'ingress.tlsSecret': 'tls', 'serviceMonitor.enabled': 'true', 'serviceMonitor.tokenSecret': 'metrics',
    'settings.otlpEndpoint': 'http://collector:4318', 'settings.extra[0].name': 'SEEDFLEET_SMTP_URL', 'settings.extra[0].valueFrom.secretKeyRef.name': 'mail', 'settings.extra[0].valueFrom.secretKeyRef.key': 'url',
    'networkPolicy.from[0].namespaceSelector.matchLabels.name': 'ingress', 'networkPolicy.egress[0].ports[0].port': '443', 'database.podSelector.matchLabels.app': 'postgresql', 'image.digest': `sha256:${'0'.repeat(64)}`,
  };
  const rendered = (values: Record<string, string>) => loadAll(execFileSync(helm, ['template', 'fleet', chart, '--namespace', 'fleet', ...setting(values)], { encoding: 'utf8' })) as Manifest[];
  const refusalOf = (values: Record<string, string>) => new Promise<string>((resolve) => execFile(helm, ['template', 'fleet', chart, ...setting(values)], (error, _, stderr) => resolve(error === null ? 'rendered' : stderr)));
  const podOf = (manifests: Manifest[]) => (manifests.find(({ kind }) => kind === 'Deployment')?.spec as unknown as { template: { spec: { containers: Container[]; initContainers?: Container[]; securityContext: object; automountServiceAccountToken: boolean } } }).template.spec;
  const only = (manifests: Manifest[]) => manifests.map(({ kind }) => kind).sort();

  test('Helm finds nothing to object to, with the least and with everything', () => {
    for (const values of [required, everything]) expect(execFileSync(helm, ['lint', chart, '--strict', ...setting(values)], { encoding: 'utf8' })).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('what it renders is what Kubernetes takes, by its own schemas', () => {
    const [least, most] = [rendered(required), rendered(everything)];
    expect(only(least)).toEqual(['Deployment', 'NetworkPolicy', 'PersistentVolumeClaim', 'Pod', 'PodDisruptionBudget', 'Service']);
    expect(only(most)).toEqual([...only(least), 'Ingress', 'ServiceMonitor'].sort());
    for (const manifest of [...least, ...most]) {
      const Kind = kinds[manifest.kind];
      // That one is of the Prometheus operator, whose schema is not Kubernetes'.
      if (manifest.kind === 'ServiceMonitor') continue;
      if (Kind === undefined) throw new Error(`There is no schema for ${manifest.kind}.`);
      expect(() => new Kind(manifest as never).validate()).not.toThrow();
    }
    expect(() => new Deployment({ ...least.find(({ kind }) => kind === 'Deployment'), spec: { replicas: 'three' } } as never).validate()).toThrow();
  });

  test.each([
    ['no database', {}, 'database.existingSecret is required'],
    ['a value that there is none of', { ...required, replica: '2' }, "additional properties 'replica' not allowed"],
    ['a log level that there is none of', { ...required, 'settings.logLevel': 'loud' }, 'logLevel'],
    ['two replicas without Redis', { ...required, replicas: '2' }, 'replicas above 1 need redis.enabled'],
    ['two replicas on a volume for one node', { ...required, replicas: '2', 'redis.enabled': 'true', 'redis.existingSecret': 'redis' }, 'ReadWriteMany'],
    ['Redis without its URL', { ...required, 'redis.enabled': 'true' }, 'redis.existingSecret is required'],
    ['an ingress for no host', { ...required, 'ingress.enabled': 'true' }, 'ingress.host is required'],
    ['a variable that is not ours', { ...required, 'settings.extra[0].name': 'NODE_OPTIONS', 'settings.extra[0].value': '--inspect' }, 'extra'],
    ['no replica', { ...required, replicas: '0' }, 'replicas'],
  ])('refused: %s', async (_, values, words) => {
    expect(await refusalOf(values as Record<string, string>)).toContain(words);
  });

  test('the three probes ask what they are for', () => {
    const [container] = podOf(rendered(required)).containers as [Container];
    const pathOf = (probe: string) => (container[probe] as { httpGet: { path: string } }).httpGet.path;
    expect([pathOf('startupProbe'), pathOf('readinessProbe'), pathOf('livenessProbe')]).toEqual([routes.startupz.path, routes.readyz.path, routes.livez.path]);
  });

  test('secrets come by reference, and the coordinator is given settings that it reads, and no others', () => {
    const read = [...readFileSync(join(workspaceFolder, 'apps/coordinator/src/app/settings.ts'), 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+): z\./gm)].map(([, name]) => name);
    for (const values of [required, everything]) {
      const [{ env = [] }] = podOf(rendered(values)).containers as [Container];
      expect(env.map(({ name }) => name).filter((name) => !read.includes(name))).toEqual([]);
      expect(env.find(({ name }) => name === 'DATABASE_URL')).toEqual({ name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'database', key: 'url' } } });
    }
  });

  test('every container of ours runs as nobody in particular, on a root that it cannot write', () => {
    const manifests = rendered(everything);
    const pods = [podOf(manifests), manifests.find(({ kind }) => kind === 'Pod')?.spec as unknown as ReturnType<typeof podOf>];
    for (const { containers, initContainers = [], securityContext, automountServiceAccountToken } of pods) {
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } });
      expect(automountServiceAccountToken).toBe(false);
      for (const container of [...containers, ...initContainers]) {
        expect(container['securityContext']).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
        expect(container.image).toBe(`seedfleet/coordinator@sha256:${'0'.repeat(64)}`);
      }
    }
  });

  test('one coordinator is replaced, several roll; the network policy lets them out to what they need', () => {
    const of = (values: Record<string, string>, name: string) => rendered(values).find(({ kind }) => kind === name)?.spec as unknown as Record<string, unknown>;
    expect(of(required, 'Deployment')['strategy']).toEqual({ type: 'Recreate' });
    expect(of(everything, 'Deployment')['strategy']).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    const portsOf = (values: Record<string, string>) => (of(values, 'NetworkPolicy')['egress'] as { ports: { port: number }[] }[]).flatMap(({ ports }) => ports.map(({ port }) => port));
    expect(portsOf(required)).toEqual([53, 53, 5432]);
    expect(portsOf(everything)).toEqual([53, 53, 5432, 6379, 443]);
  });

  test('the signing key of the secret is put into an empty home once, and another one is not put over it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'seedfleet-chart-'));
    try {
      const [init] = podOf(rendered(everything)).initContainers as [Container];
      const script = (init.command?.at(-1) ?? '').replace('/var/lib/seedfleet/home', join(folder, 'home')).replace('/run/secrets/seedfleet/signing-key', join(folder, 'secret'));
      const perform = (key: string) => {
        writeFileSync(join(folder, 'secret'), key);
        return execFileSync(process.execPath, ['-e', script], { stdio: 'pipe' });
      };
      perform('aa'.repeat(32));
      perform('aa'.repeat(32));
      expect(statSync(join(folder, 'home/signing-key')).mode & 0o777).toBe(0o600);
      expect(() => perform('bb'.repeat(32))).toThrow('another signing key');
      expect(readFileSync(join(folder, 'home/signing-key'), 'utf8')).toBe('aa'.repeat(32));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
} else {
  test('the chart is not rendered here: the Helm that the tests use is for Linux on amd64', () => {
    expect(`${process.platform} ${process.arch}`).not.toBe('linux x64');
  });
}
