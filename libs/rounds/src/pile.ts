import { entryOf, rosterOf, withEntry, type Roster } from './roster.js';

/** Entries of one slice at most: then it is halved. */
const sliceMax = 128;

/**
 * A roster that grows to thousands of entries one by one: in slices, so that an entry more copies one slice and the list of slices, not the whole.
 * Plain data, sorted by device through all slices; none of them is empty.
 */
export interface Pile<Entry extends { device: string }> {
  readonly count: number;
  readonly slices: readonly Roster<Entry>[];
}

export const emptyPile: Pile<never> = { count: 0, slices: [] };

/** A pile of entries in any order. */
export function pileOf<Entry extends { device: string }>(entries: Iterable<Entry>): Pile<Entry> {
  const all = rosterOf(entries);
  const slices = Array.from({ length: Math.ceil((all.length * 2) / sliceMax) }, (_, index) => all.slice((index * sliceMax) / 2, ((index + 1) * sliceMax) / 2));
  return { count: all.length, slices };
}

/** All entries, sorted by device. */
export function entriesOf<Entry extends { device: string }>({ slices }: Pile<Entry>): Entry[] {
  return slices.flat();
}

/** Index of the slice that holds the device, or would; -1 where there is none. */
function sliceOf<Entry extends { device: string }>({ slices }: Pile<Entry>, device: string): number {
  let low = 0;
  let high = slices.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (((slices[middle] as Roster<Entry>)[0] as Entry).device <= device) low = middle;
    else high = middle - 1;
  }
  return high === -1 ? -1 : low;
}

/** The entry of the device, if it has one. */
export function entryIn<Entry extends { device: string }>(pile: Pile<Entry>, device: string): Entry | undefined {
  const slice = pile.slices[sliceOf(pile, device)];
  return slice === undefined ? undefined : entryOf(slice, device);
}

/** A pile in which `entry` stands for its device, in place of an earlier one. */
export function withEntryIn<Entry extends { device: string }>(pile: Pile<Entry>, entry: Entry): Pile<Entry> {
  const index = sliceOf(pile, entry.device);
  const slice = pile.slices[index];
  if (slice === undefined) return { count: 1, slices: [[entry]] };
  const changed = withEntry(slice, entry);
  const halves = changed.length <= sliceMax ? [changed] : [changed.slice(0, sliceMax / 2), changed.slice(sliceMax / 2)];
  return { count: pile.count + changed.length - slice.length, slices: pile.slices.toSpliced(index, 1, ...halves) };
}
