/**
 * What can go wrong, as codes: the one error class that crosses rooms and the one catalog of codes.
 * Not here: when an error is raised, how it is shown. Runs in Node and in a browser; every room may import it.
 */
export { errors, type ErrorCode } from './catalog.js';
export { type ErrorEntry } from './catalog/error-entry.js';
export { FleetError, InvariantError, toRefusal, type Refusal } from './fleet-error.js';
