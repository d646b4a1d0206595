import { runEventKinds, seriesAxes, type RunEvent, type SeriesAxis } from '@seedfleet/protocol';

/** What a page keeps in its address, so that it can be shared and the back button works. Anything else in the address is dropped. */
export interface DevicesSearch { filter?: string }
export interface AuditSearch { actor?: string; action?: string; subject?: string; cursor?: string }
export const runTabs = ['progress', 'rounds', 'devices', 'estimator', 'sync', 'privacy', 'manifest', 'log', 'artifacts'] as const;
export type RunTab = (typeof runTabs)[number];
/** What plots have on their horizontal axis, and the rounds that they are zoomed to. */
export interface SeriesSearch { x?: SeriesAxis; from?: number; to?: number }
export interface RunSearch extends SeriesSearch { tab?: RunTab; kind?: RunEvent['kind'] }
export interface CompareSearch extends SeriesSearch { runs?: string }
export interface ListSearch { cursor?: string }

const text = (value: unknown) => (value === undefined || value === null || value === '' ? undefined : String(value));
const without = <T extends object>(search: T): T => Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;

export const devicesSearch = (raw: Record<string, unknown>): DevicesSearch => without({ filter: text(raw['filter']) });
export const auditSearch = (raw: Record<string, unknown>): AuditSearch => without({ actor: text(raw['actor']), action: text(raw['action']), subject: text(raw['subject']), cursor: text(raw['cursor']) });
const round = (value: unknown) => (/^\d{1,9}$/.test(String(value)) ? Number(value) : undefined);
const seriesSearch = (raw: Record<string, unknown>): SeriesSearch => without({ x: seriesAxes.find((axis) => axis === raw['x'] && axis !== 'round'), from: round(raw['from']), to: round(raw['to']) });
export const runSearch = (raw: Record<string, unknown>): RunSearch => without({ ...seriesSearch(raw), tab: runTabs.find((tab) => tab === raw['tab']), kind: runEventKinds.find((kind) => kind === raw['kind']) });
export const listSearch = (raw: Record<string, unknown>): ListSearch => without({ cursor: text(raw['cursor']) });
export const compareSearch = (raw: Record<string, unknown>): CompareSearch => without({ ...seriesSearch(raw), runs: text(raw['runs']) });
