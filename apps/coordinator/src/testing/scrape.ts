import { type ReachableCoordinator } from './a-coordinator.js';

export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Reads the text format of Prometheus 0.0.4: comments left out, one series a line. */
export function parseScrape(text: string): Series[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const [, name, labels, value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a series: ${line}`);
    const pairs = [...(labels ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text] as const);
    return { name, labels: Object.fromEntries(pairs), value: value === '+Inf' ? Infinity : Number(value) };
  });
}

/** What a coordinator says now. */
export async function scrape(fleet: ReachableCoordinator): Promise<Series[]> {
  const answer = await fleet.call('GET', '/metrics');
  if (answer.status !== 200) throw new Error(`no metrics: ${answer.status}`);
  return parseScrape(Buffer.from(answer.bytes).toString('utf8'));
}

/** Sum of the series of that name whose labels are these at least. */
export function valueOf(series: readonly Series[], name: string, labels: Record<string, string> = {}): number {
  return series.filter((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value)).reduce((sum, { value }) => sum + value, 0);
}
