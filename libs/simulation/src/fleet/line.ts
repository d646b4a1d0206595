import { type Network, type Direction } from '../world/network.js';
import { type Timeline } from '../world/timeline.js';

/** A request and how it ends: with an answer, or without one after its time-out. */
export interface Ask<Answer> {
  device: string;
  direction: Direction;
  timeoutMs: number;
  /** where it arrives, maybe twice; `reply` may be called later, or never */
  handle: (reply: (answer: Answer) => void) => void;
  answered: (answer: Answer) => void;
  unanswered: () => void;
}

/** Requests over the network: the first answer in time counts. */
export function ask<Answer>({ network, timeline }: { network: Network; timeline: Timeline }, { device, direction, timeoutMs, handle, answered, unanswered }: Ask<Answer>): void {
  let isOpen = true;
  const back: Direction = direction === 'up' ? 'down' : 'up';
  const cancel = timeline.after(timeoutMs, () => {
    isOpen = false;
    unanswered();
  });
  network.carry(device, direction, () => handle((answer) => network.carry(device, back, () => {
    if (!isOpen) return;
    isOpen = false;
    cancel();
    answered(answer);
  })));
}
