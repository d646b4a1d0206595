import { Injectable, type LoggerService } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { pino, type Logger as Pino } from 'pino';

/** What a line may carry: ids, counts and codes. Never input, tokens, keys, differences or anything of a device's data. */
export type LogFields = Record<string, string | number | boolean | null | undefined>;

/** One JSON object a line: time, level, event, fields. Also what Nest logs through. */
@Injectable()
export class Logger implements LoggerService {
  private readonly pino: Pino;

  constructor(level: string) {
    this.pino = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } });
  }

  info(event: string, fields: LogFields = {}): void {
    this.pino.info({ event, ...fields });
  }

  warning(event: string, fields: LogFields = {}): void {
    this.pino.warn({ event, ...fields });
  }

  /** A failure of our own, with its stack. */
  failure(event: string, error: unknown, fields: LogFields = {}): void {
    this.pino.error({ event, ...fields, err: error, invariant: error instanceof InvariantError ? true : undefined });
  }

  log(): void { /* Nest's start-up chatter: every module and route; the route table says the same. */ }
  debug(): void { /* as log */ }
  verbose(): void { /* as log */ }

  warn(message: unknown): void {
    this.pino.warn({ event: 'nest.warning', problem: String(message) });
  }

  error(message: unknown, stack?: string): void {
    this.pino.error({ event: 'nest.error', problem: String(message), stack });
  }
}
