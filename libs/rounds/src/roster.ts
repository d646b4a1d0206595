/**
 * Things that belong to devices, one a device, sorted by device id: its order depends on nothing but the ids.
 * An array and not a Map, so that a machine's state is plain data and a copy of it costs a memory move.
 */
export type Roster<Entry extends { device: string }> = readonly Entry[];

/** Index of the device, or where it would be inserted. Ids compare by UTF-16 code unit, never by locale. */
function indexOf<Entry extends { device: string }>(roster: Roster<Entry>, device: string): number {
  let low = 0;
  let high = roster.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((roster[middle] as Entry).device < device) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The entry of the device, if it has one. */
export function entryOf<Entry extends { device: string }>(roster: Roster<Entry>, device: string): Entry | undefined {
  const entry = roster[indexOf(roster, device)];
  return entry?.device === device ? entry : undefined;
}

/** A roster in which `entry` stands for its device, in place of an earlier one. */
export function withEntry<Entry extends { device: string }>(roster: Roster<Entry>, entry: Entry): Roster<Entry> {
  const index = indexOf(roster, entry.device);
  const replaces = roster[index]?.device === entry.device ? 1 : 0;
  return roster.toSpliced(index, replaces, entry);
}

/** A roster without the device. */
export function withoutDevice<Entry extends { device: string }>(roster: Roster<Entry>, device: string): Roster<Entry> {
  const index = indexOf(roster, device);
  return roster[index]?.device === device ? roster.toSpliced(index, 1) : roster;
}

/** A roster of entries in any order. */
export function rosterOf<Entry extends { device: string }>(entries: Iterable<Entry>): Roster<Entry> {
  return [...entries].sort((left, right) => (left.device < right.device ? -1 : left.device > right.device ? 1 : 0));
}
