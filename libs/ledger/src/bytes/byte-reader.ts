import { FleetError, type ErrorCode } from '@seedfleet/errors';

/** Reads little-endian values from the front of a sequence of bytes. Never past its end: that is the refusal `code`. */
export class ByteReader {
  readonly #view: DataView;
  #offset = 0;

  /** @param what names the thing in the refusal: "commit", "checkpoint" */
  constructor(private readonly source: Uint8Array, private readonly refusal: { code: ErrorCode; what: string }) {
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  u8(): number { return this.#view.getUint8(this.#take(1)); }
  u16(): number { return this.#view.getUint16(this.#take(2), true); }
  u32(): number { return this.#view.getUint32(this.#take(4), true); }
  f64(): number { return this.#view.getFloat64(this.#take(8), true); }

  /** A copy: what was read does not change when its source does. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.source.slice(start, start + length);
  }

  get remaining(): number { return this.source.length - this.#offset; }

  /** @throws FleetError the refusal, if bytes are left */
  end(): void {
    if (this.remaining > 0) throw this.malformed(`has ${this.remaining} bytes after its end`);
  }

  malformed(problem: string, field?: string): FleetError {
    return new FleetError(this.refusal.code, { problem: `The ${this.refusal.what} ${problem}.`, ...(field === undefined ? {} : { field }) });
  }

  #take(length: number): number {
    if (length > this.remaining) throw this.malformed(`ends early: ${length} bytes expected at byte ${this.#offset}, ${this.remaining} there`);
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
