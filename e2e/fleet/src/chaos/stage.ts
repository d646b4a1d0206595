import { type Victims } from './faults.js';

/** What a chaos run is played on. */
export type StageName = 'embedded' | 'postgresql' | 'replicas';

/** A fleet that can be harmed, and how it ends. */
export interface Stage {
  victims: Omit<Victims, 'random'>;
  /** Workers and coordinators, in order; the database goes on. */
  stop(): Promise<void>;
  /** @param keep  whether logs and homes stay, for whoever wants to understand what broke. @returns where they are */
  close({ keep }: { keep: boolean }): Promise<string>;
}
