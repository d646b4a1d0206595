/**
 * The coordinator as a program to start inside another one (tests, benches): it opens nothing when imported.
 * Not here: the process itself (main.ts), which is where environment, time and randomness enter.
 */
export { startCoordinator, type Coordinator } from './app/coordinator.js';
export { Clock, Luck } from './app/surroundings.js';
export { readSettings, type Settings } from './app/settings.js';
