import { type DeclineReason, type EvaluationSums, type Report } from '@seedfleet/rounds';
import { type ErrorCode } from '@seedfleet/errors';

/** What the coordinator sends a device, as far as the fleet cares: docs/protocol.md has all of it. */
export interface StartMessage {
  round: number;
  attempt: number;
  group: number;
  seeds: BigUint64Array;
  deadlineMs: number;
}

export type StartAnswer = { accepted: true } | { accepted: false; reason: DeclineReason };

/** What a device says of itself: hex of the state hash, so that a message is a value. */
export interface Standing {
  round: number;
  stateHash: string;
  trainExamples: number;
  heldOutExamples: number;
}

export type ReportMessage = Omit<Report, 'stateMatches'> & { stateHash: string };
export type Recorded = { recorded: true } | { refused: ErrorCode };
export type Announced = { headRound: number } | { refused: ErrorCode };
export type RunEnd = 'completed' | 'failed' | 'cancelled';

export interface HelloAnswer {
  headRound: number;
  stateMatches: boolean;
  ended: RunEnd | null;
}

export interface TailPage {
  commits: Uint8Array[];
  headRound: number;
  checkpointRound: number | null;
}

/** The coordinator as a device reaches it: every message carries the connection that it came by, and may find nobody there. */
export interface CoordinatorFace {
  hello(from: Connection, standing: Standing, reply: (answer: HelloAnswer) => void): void;
  ping(from: Connection, reply: (answer: true) => void): void;
  prepared(from: Connection, standing: Standing, reply: (answer: Announced) => void): void;
  left(from: Connection): void;
  report(from: Connection, report: ReportMessage, reply: (answer: Recorded) => void): void;
  evaluation(from: Connection, sums: { round: number } & EvaluationSums, reply: (answer: Recorded) => void): void;
  tail(from: Connection, fromRound: number, reply: (answer: TailPage) => void): void;
  checkpoint(from: Connection, reply: (answer: Uint8Array | null) => void): void;
}

/** A device as the coordinator reaches it. A message of a connection that is over changes nothing. */
export interface DeviceFace {
  readonly id: string;
  start(connection: number, message: StartMessage, reply: (answer: StartAnswer) => void): void;
  evaluationStart(connection: number, message: { round: number; deadlineMs: number }, reply: (answer: StartAnswer) => void): void;
  commit(connection: number, bytes: Uint8Array): void;
  ended(connection: number, state: RunEnd): void;
  dropped(connection: number): void;
}

export interface Connection {
  device: DeviceFace;
  /** grows with every connection of any device */
  number: number;
}
