/** Longest wait between two tries, milliseconds. */
export const reconnectDelayMaxMs = 15_000;
const firstDelayMs = 250;
/** Slow enough that who comes back after t finds everybody within about t / 2, not t: a coordinator that restarts is away for some seconds. */
const growth = 1.5;

/**
 * How long to wait before try number `attempt` (0 = first after a loss): growing by half, bounded, and spread over half to one and a half,
 * so that a fleet that lost its coordinator does not come back in one instant.
 * @param luck uniform uint32
 */
export function reconnectDelayMs({ attempt, luck }: { attempt: number; luck: number }): number {
  const base = Math.min(reconnectDelayMaxMs, firstDelayMs * growth ** Math.min(attempt, 16));
  return Math.round(base * (0.5 + luck / 2 ** 32));
}
