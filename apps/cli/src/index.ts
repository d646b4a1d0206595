/**
 * `seedfleet`: what an operator types, as calls of the REST API, and what a run proves, checked on the operator's own machine.
 * Not here: the routes and their schemas (protocol), replay and export (artifacts), anything that a device or the coordinator does.
 */
export { buildProgram, runCommandLine } from './command-line.js';
export { exitCodes, type ExitCode } from './terminal/exit-code.js';
export { type Progress, type Surroundings } from './terminal/surroundings.js';
