import { setTimeout as sleep } from 'node:timers/promises';
import { type VirtualDevice } from './virtual-device.js';

/** What the listener of the coordinator turns away before it can answer: a worker tries again, and so do we, later each time. */
const firstRetryMs = 250;
const triesMax = 8;

/** Connects until it is greeted, and comes back when it is told to. Rejects if its hello is refused or unanswered, or it is not let to say one. */
export async function comeBack(device: VirtualDevice): Promise<void> {
  for (let tries = 0; ;) {
    let waitMs: number | null;
    try {
      waitMs = await device.connect();
    } catch (error) {
      if (++tries === triesMax || !isOfTransport(error)) throw error;
      waitMs = firstRetryMs * 2 ** tries;
    }
    if (waitMs === null) return;
    await sleep(waitMs);
  }
}

/** As engine.io names what happened below the protocol. */
function isOfTransport(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'type') === 'TransportError';
}
