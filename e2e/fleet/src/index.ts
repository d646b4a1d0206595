/**
 * A fleet of real processes on a model that trains in milliseconds, and what the tests of faults do to it.
 * Not here: the browser (e2e/dashboard); parts of the system itself.
 */
export { DebianPostgres } from './postgres/debian-postgres.js';
export { ToyFleet, type RunView, type ToyRunSettings } from './toy/toy-fleet.js';
