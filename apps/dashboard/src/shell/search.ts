import { deviceStates, type DeviceState } from '@seedfleet/protocol';

/** What a page keeps in its address, so that it can be shared and the back button works. Anything else in the address is dropped. */
export interface DevicesSearch { state?: DeviceState; cursor?: string }
export const runTabs = ['progress', 'rounds', 'devices', 'estimator', 'sync', 'manifest', 'artifacts'] as const;
export type RunTab = (typeof runTabs)[number];
export interface RunSearch { tab?: RunTab; cursor?: string }
export interface ListSearch { cursor?: string }

const text = (value: unknown) => (value === undefined || value === null || value === '' ? undefined : String(value));
const without = <T extends object>(search: T): T => Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;

export const devicesSearch = (raw: Record<string, unknown>): DevicesSearch => without({ state: deviceStates.find((state) => state === raw['state']), cursor: text(raw['cursor']) });
export const runSearch = (raw: Record<string, unknown>): RunSearch => without({ tab: runTabs.find((tab) => tab === raw['tab']), cursor: text(raw['cursor']) });
export const listSearch = (raw: Record<string, unknown>): ListSearch => without({ cursor: text(raw['cursor']) });
