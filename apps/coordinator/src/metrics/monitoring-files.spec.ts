import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { aRun, anUploadedModel } from '../testing/a-model.js';
import { aPrometheus, type PrometheusUnderTest } from '../testing/a-prometheus.js';
import { scrape, type Series } from '../testing/scrape.js';

const deploy = fileURLToPath(new URL('../../deploy/', import.meta.url));
const docs = fileURLToPath(new URL('../../../../docs/', import.meta.url));

interface Panel { type: string; title: string; targets?: { expr: string }[]; gridPos: { x: number; w: number } }
interface Rule { alert: string; expr: string; annotations: { summary: string; action: string }; labels: { severity: string } }

const dashboard = JSON.parse(readFileSync(`${deploy}grafana/dashboards/seedfleet.json`, 'utf8')) as { uid: string; panels: Panel[]; templating: { list: { name: string }[] } };
const alerts = (parse(readFileSync(`${deploy}prometheus/alerts.yml`, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);
const filled = (expression: string) => expression.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
const panels = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }): [string, string] => [title, filled(expr)]));
const rules = alerts.map(({ alert, expr }): [string, string] => [alert, expr]);

let fleet: CoordinatorUnderTest;
let prometheus: PrometheusUnderTest;
let series: Series[];
const devices: DeviceUnderTest[] = [];

beforeAll(async () => {
  fleet = await aCoordinator();
  const run = await aRun(fleet, (await anUploadedModel(fleet)).id, { roundsMax: 3 });
  for (let i = 0; i < 2; i++) devices.push(await DeviceUnderTest.ready(fleet, run.id));
  await fleet.coordinator.database.prisma.evaluation.create({ data: { runId: run.id, round: 0, lossSum: 7, correct: 6, count: 10, devices: 2, at: new Date() } });
  for (const device of devices) await device.send('round:report', device.reportOf(await device.nextStart(0)));
  for (const device of devices) await device.reachRound(1);
  prometheus = await aPrometheus({ target: fleet.url, token: fleet.adminToken, ruleFile: `${deploy}prometheus/alerts.yml` });
  series = await scrape(fleet);
}, 90_000);

afterAll(async () => {
  await prometheus?.close();
  for (const device of devices) device.close();
  await fleet?.close();
});

/** Metrics that an expression names, with the labels that it asks them for. Prometheus itself checks the grammar: this only reads names. */
function selectorsOf(expression: string): { name: string; matchers: { label: string; operator: string; value: string }[] }[] {
  return [...expression.matchAll(/\b((?:seedfleet|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].map(([, name = '', inside = '']) => ({
    name, matchers: [...inside.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(([, label = '', operator = '', value = '']) => ({ label, operator, value })),
  }));
}

const groupingOf = (expression: string) => [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
/** Prometheus adds them to what it scrapes. */
const added = ['instance', 'job'];

test.each([...panels, ...rules])('%s asks for metrics, labels and values that a running coordinator has', (_, expression) => {
  const used = selectorsOf(expression);
  for (const { name, matchers } of used) {
    const ours = series.filter((one) => one.name === name);
    expect([name, ours.length > 0]).toEqual([name, true]);
    for (const { label, operator, value } of matchers) {
      const values = ours.map(({ labels }) => labels[label]);
      if (!added.includes(label)) expect([name, label, values.some((one) => one !== undefined)]).toEqual([name, label, true]);
      // A fault of ours has not happened here: its status is none of the values.
      if (operator === '=' && !added.includes(label) && value !== '500') expect([name, label, value, values]).toEqual([name, label, value, expect.arrayContaining([value])]);
    }
  }
  const labels = new Set([...added, ...series.filter(({ name }) => used.some((selector) => selector.name === name)).flatMap((one) => Object.keys(one.labels))]);
  expect(groupingOf(expression).filter((label) => !labels.has(label))).toEqual([]);
});

test.each(panels)('panel "%s" has something to show when Prometheus asks a running coordinator', async (_, expression) => {
  expect((await prometheus.query(expression)).length).toBeGreaterThan(0);
});

test('Prometheus evaluates every alert, and none fires on a fleet that is well', async () => {
  for (;;) {
    const evaluated = await prometheus.rules();
    if (evaluated.some(({ health }) => health === 'unknown')) continue;
    expect(evaluated.map(({ name, health, lastError }) => ({ name, health, lastError }))).toEqual(alerts.map(({ alert }) => ({ name: alert, health: 'ok', lastError: undefined })));
    break;
  }
  expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
});

test('each alert fires when it should and not before: its cases in alerts.test.yml, run by promtool', () => {
  const tested = readFileSync(`${deploy}prometheus/alerts.test.yml`, 'utf8');
  expect(alerts.map(({ alert }) => alert).filter((name) => !tested.includes(name))).toEqual([]);
  expect(execFileSync('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: `${deploy}prometheus`, encoding: 'utf8' })).toContain('SUCCESS');
});

test('each alert says what is wrong, what to look at and how urgent it is, and the docs name it', () => {
  const page = readFileSync(`${docs}monitoring.md`, 'utf8');
  for (const { alert, annotations, labels } of alerts) {
    expect([alert, annotations.summary.length > 20, annotations.action.length > 20, ['info', 'warning', 'critical'].includes(labels.severity)]).toEqual([alert, true, true, true]);
    expect([alert, page.includes(alert)]).toEqual([alert, true]);
  }
});

test('the docs name every metric of ours, and none that there is not', () => {
  const page = readFileSync(`${docs}monitoring.md`, 'utf8');
  const families = (text: string) => [...new Set([...text.matchAll(/\bseedfleet_[a-z0-9_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')))].sort();
  expect(families(page)).toEqual(families(series.map(({ name }) => name).join('\n')));
});

test('panels stay on Grafana\'s grid of 24, and the board asks for the data source that Grafana is given', () => {
  for (const { gridPos, title } of dashboard.panels) expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
  expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance']);
  const { datasources } = parse(readFileSync(`${deploy}grafana/provisioning/datasources/prometheus.yml`, 'utf8')) as { datasources: { type: string }[] };
  expect(datasources.map(({ type }) => type)).toEqual(['prometheus']);
});
