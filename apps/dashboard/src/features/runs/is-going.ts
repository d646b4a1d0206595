import { type Run } from '@seedfleet/protocol';

/** Whether its figures may still change. */
export const isGoing = (run: Run) => run.state === 'running' || run.state === 'queued' || run.state === 'paused';
