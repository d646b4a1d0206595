/**
 * Many reports into one: per direction group, the mean of the differences weighted by examples.
 * Not here: who may report and when (rounds), what the mean does to the adapter (numerics). Runs in Node and in a browser.
 */
export { aggregateGroups, type AggregatedGroups, type DeviceReport } from './aggregate-groups.js';
