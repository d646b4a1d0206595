/**
 * The agent on one device, as a program: `main.ts` is its only entry. It performs what the participant of @seedfleet/rounds decides.
 * Not here: decisions about rounds, numerics, bytes of the wire; nothing of the data but counts and differences leaves this process.
 */
export { FleetWorker, type WorkerOptions } from './worker.js';
export { type Status } from './status/status-file.js';
