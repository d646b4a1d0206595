/**
 * The example that is also the demo: a real encoder converted from npm, real labelled sentences, and a fleet of real processes to train on.
 * Its launcher (`startCoordinator`, `enrolWorker`, `startWorker`, `OperatorClient`) serves the end-to-end tests too.
 * Not here: anything that an app or a library does; they are started as they are built, and spoken to over HTTP and files.
 */
export { convertEncoder, encoderTokensMax, type ConvertedEncoder } from './encoder/convert-encoder.js';
export { domains, readSentences, sentimentLabels, writeDeviceData, type DeviceData, type Domain, type Sentence } from './sentences.js';
export { DemoFleet } from './demo/demo-fleet.js';
export { makeFleetHome, type FleetHome } from './demo/fleet-home.js';
export { boundsOfRun, followRun, peakOf, reaches, seconds } from './demo/follow-run.js';
export { describeMachine } from './demo/machine.js';
export { registerModel, type ModelOnDisk } from './demo/register-model.js';
export { SocketTraffic } from './demo/socket-traffic.js';
export { demoRun, heldOutFraction, tokensMax } from './demo/run-request.js';
export { type DemoReport } from './demo/report.js';
export { appEntry, workspaceFolder } from './fleet/app-entry.js';
export { startCoordinator, type Coordinator, type CoordinatorOptions } from './fleet/coordinator.js';
export { startProcess, type Exit, type FleetProcess, type ProcessOptions } from './fleet/fleet-process.js';
export { freePort } from './fleet/free-port.js';
export { OperatorClient, RequestRefused, type CallParts } from './fleet/operator-client.js';
export { peakMegabytesOf } from './fleet/peak-memory.js';
export { waitUntil, type Wait } from './fleet/wait-until.js';
export { enrolWorker, startWorker, workerStatus, type Worker, type WorkerData, type WorkerStatus } from './fleet/worker.js';
