import { type Layout } from '@seedfleet/numerics';

export interface SiteRows { values: Float32Array; shape: readonly number[] }

/** Perturbed rows, [P, layout.size] as numerics writes them and [P, site] as the graph reads them, in memory that is used again. */
export class RowBuffers {
  private readonly byRows = new Map<number, { all: Float32Array; sites: SiteRows[] }>();

  constructor(private readonly layout: Layout) {}

  /** [P, layout.size] row by row, to be written. */
  all(rows: number): Float32Array {
    return this.buffers(rows).all;
  }

  /** What was written, site by site: each [P, ...site.shape]. Valid until the next call. */
  bySite(rows: number): SiteRows[] {
    const { all, sites } = this.buffers(rows);
    this.layout.sites.forEach(({ offset, size }, i) => {
      for (let p = 0; p < rows; p++) {
        const start = p * this.layout.size + offset;
        sites[i]?.values.set(all.subarray(start, start + size), p * size);
      }
    });
    return sites;
  }

  private buffers(rows: number) {
    const known = this.byRows.get(rows);
    if (known) return known;
    const made = {
      all: new Float32Array(rows * this.layout.size),
      sites: this.layout.sites.map(({ size, shape }) => ({ values: new Float32Array(rows * size), shape })),
    };
    this.byRows.set(rows, made);
    return made;
  }
}
