/** What a page keeps in its address, so that it can be shared and the back button works. Anything else in the address is dropped. */
export interface DevicesSearch { filter?: string; cursor?: string }
export interface AuditSearch { actor?: string; action?: string; subject?: string; cursor?: string }
export const runTabs = ['progress', 'rounds', 'devices', 'estimator', 'sync', 'manifest', 'artifacts'] as const;
export type RunTab = (typeof runTabs)[number];
export interface RunSearch { tab?: RunTab; cursor?: string }
export interface CompareSearch { runs?: string }
export interface ListSearch { cursor?: string }

const text = (value: unknown) => (value === undefined || value === null || value === '' ? undefined : String(value));
const without = <T extends object>(search: T): T => Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;

export const devicesSearch = (raw: Record<string, unknown>): DevicesSearch => without({ filter: text(raw['filter']), cursor: text(raw['cursor']) });
export const auditSearch = (raw: Record<string, unknown>): AuditSearch => without({ actor: text(raw['actor']), action: text(raw['action']), subject: text(raw['subject']), cursor: text(raw['cursor']) });
export const runSearch = (raw: Record<string, unknown>): RunSearch => without({ tab: runTabs.find((tab) => tab === raw['tab']), cursor: text(raw['cursor']) });
export const listSearch = (raw: Record<string, unknown>): ListSearch => without({ cursor: text(raw['cursor']) });
export const compareSearch = (raw: Record<string, unknown>): CompareSearch => without({ runs: text(raw['runs']) });
