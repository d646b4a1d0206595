import { type Layout } from '@seedfleet/numerics';

export interface SiteRows { values: Float32Array; shape: readonly number[] }
/** Which of P rows one forward pass takes. */
export interface RowSpan { first: number; count: number }

/** Perturbed rows, [P, layout.size] as numerics writes them and [rows, site] as the graph reads them, in memory that is used again. */
export class RowBuffers {
  private written = new Float32Array(0);
  private readonly bySpan = new Map<number, SiteRows[]>();

  constructor(private readonly layout: Layout) {}

  /** [P, layout.size] row by row, to be written. */
  all(rows: number): Float32Array {
    const size = rows * this.layout.size;
    if (this.written.length < size) this.written = new Float32Array(size);
    return this.written.subarray(0, size);
  }

  /** What was written for some rows, site by site: each [count, ...site.shape]. Valid until the next call. */
  bySite({ first, count }: RowSpan): SiteRows[] {
    const sites = this.sitesOf(count);
    this.layout.sites.forEach(({ offset, size }, i) => {
      for (let p = 0; p < count; p++) {
        const start = (first + p) * this.layout.size + offset;
        sites[i]?.values.set(this.written.subarray(start, start + size), p * size);
      }
    });
    return sites;
  }

  private sitesOf(count: number): SiteRows[] {
    const known = this.bySpan.get(count);
    if (known) return known;
    const made = this.layout.sites.map(({ size, shape }) => ({ values: new Float32Array(count * size), shape: [count, ...shape] }));
    this.bySpan.set(count, made);
    return made;
  }
}
