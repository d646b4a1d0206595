import { appendFileSync } from 'node:fs';
import { deviceErrorSchema, deviceLogEntry, knownLogCode, type DeviceError, type DeviceLogCode, type DeviceLogEntry, type LogLevel } from '@seedfleet/protocol';
import { readFileIfThere, writeFileAtomically } from '../vault/atomic-file.js';

/** Lines that are kept; the file holds up to twice as many before it is written anew. */
export const logLinesMax = 1_000;

/** The counts that a line may hold, and what the logger calls them where that is another word. */
const countFields = { run: 'run', round: 'round', attempt: 'attempt', examples: 'examples', rounds: 'rounds', bytes: 'bytes', milliseconds: 'forwardMs', megabytes: 'peakMegabytes' } as const;

/**
 * What happened on this device, as codes, ids and counts: the only log that an operator can ask for. Text never gets into a line: a code must be
 * of the catalog or of the list of log codes, everything else must be a whole number. Kept in a file, so that the last error outlives its process.
 */
export class DeviceLog {
  private readonly lines: DeviceLogEntry[];
  private inFile: number;

  constructor(private readonly path: string, private readonly nowMs: () => number) {
    const text = new TextDecoder().decode(readFileIfThere(path) ?? new Uint8Array());
    this.lines = linesOf(text);
    // A process that was killed leaves a part of a line: the next line is not written behind it, but the file anew.
    this.inFile = text === this.lines.map(textOf).join('') ? this.lines.length : 2 * logLinesMax;
  }

  record(level: LogLevel, code: DeviceLogCode, counts: Readonly<Record<string, unknown>> = {}): void {
    const line = lineOf({ sequence: (this.lines.at(-1)?.sequence ?? 0) + 1, atMs: this.nowMs(), level, code }, counts);
    this.lines.push(line);
    if (this.lines.length > logLinesMax) this.lines.shift();
    this.keep(line);
  }

  /** A line of the worker's logger: what has a known `code` or `event` is recorded, by its code and its counts; its words stay here. */
  take(level: LogLevel, fields: unknown): void {
    if (typeof fields !== 'object' || fields === null) return;
    const code = knownLogCode(Reflect.get(fields, 'code') ?? Reflect.get(fields, 'event'));
    if (code !== null) this.record(level, code, fields as Readonly<Record<string, unknown>>);
  }

  /** Lines behind a sequence, oldest first; of more than `limit` the newest. */
  after(sequence: number, limit: number): DeviceLogEntry[] {
    return this.lines.filter((line) => line.sequence > sequence).slice(-limit);
  }

  lastError(): DeviceError | null {
    const line = this.lines.findLast(({ level }) => level === 'error');
    if (line === undefined) return null;
    const error = deviceErrorSchema.safeParse({ code: line.code, atMs: line.atMs, ...(line.run === undefined ? {} : { run: line.run }) });
    return error.success ? error.data : null;
  }

  // A log that cannot be written harms nobody: what matters is written elsewhere, and stops the worker if it cannot be.
  private keep(line: DeviceLogEntry): void {
    try {
      if (this.inFile >= 2 * logLinesMax) {
        writeFileAtomically(this.path, this.lines.map(textOf).join(''));
        this.inFile = this.lines.length;
      } else {
        appendFileSync(this.path, textOf(line), { mode: 0o600 });
        this.inFile += 1;
      }
    } catch {
      this.inFile = Math.min(this.inFile, 2 * logLinesMax);
    }
  }
}

const textOf = (line: DeviceLogEntry) => `${JSON.stringify(line)}\n`;

/** The line, with those of the counts that are whole numbers within the ranges of the schema. */
function lineOf(line: Pick<DeviceLogEntry, 'sequence' | 'atMs' | 'level' | 'code'>, fields: Readonly<Record<string, unknown>>): DeviceLogEntry {
  let whole: DeviceLogEntry = deviceLogEntry.parse(line);
  for (const [name, ours] of Object.entries(countFields)) {
    const value = fields[name] ?? fields[ours];
    if (typeof value !== 'number') continue;
    const longer = deviceLogEntry.safeParse({ ...whole, [name]: Math.round(value) });
    if (longer.success) whole = longer.data;
  }
  return whole;
}

/** The newest of the lines that read as lines. */
function linesOf(text: string): DeviceLogEntry[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [deviceLogEntry.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  }).slice(-logLinesMax);
}
