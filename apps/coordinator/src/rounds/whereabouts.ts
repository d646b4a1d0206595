import { type RunInput } from './run-input.js';

/** Which replica has the connection of each device, as the leader of a run was told. */
export class Whereabouts {
  private readonly replicas = new Map<string, string>();

  /** @param own id of the replica that leads */
  constructor(private readonly own: string) {}

  /** @returns false for the departure of a device that has arrived at another replica since: it says nothing new */
  hear(replica: string, input: RunInput): boolean {
    if (input.type === 'arrival') this.replicas.set(input.device, replica);
    if (input.type !== 'departure') return true;
    const last = this.replicas.get(input.device);
    if (last !== undefined && last !== replica) return false;
    this.replicas.delete(input.device);
    return true;
  }

  isElsewhere(device: string): boolean {
    const replica = this.replicas.get(device);
    return replica !== undefined && replica !== this.own;
  }

  isAnyElsewhere(): boolean {
    for (const replica of this.replicas.values()) if (replica !== this.own) return true;
    return false;
  }

  /** Devices of replicas that are gone, and those. */
  lost(isAlive: (replica: string) => boolean): [device: string, replica: string][] {
    return [...this.replicas].filter(([, replica]) => !isAlive(replica));
  }
}
