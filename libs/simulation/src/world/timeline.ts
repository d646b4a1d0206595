/** Takes something that was to happen later back; after it happened this does nothing. */
export type Cancel = () => void;

interface Entry {
  atMs: number;
  /** of two at one instant the one that was planned first happens first */
  order: number;
  action: (() => void) | null;
}

/** The only clock of a simulation: a heap of what happens when. Nothing happens by itself. */
export class Timeline {
  /** true time, which no actor can read: each has a clock of its own */
  nowMs = 0;
  private readonly heap: Entry[] = [];
  private planned = 0;

  /** @param delayMs from now, >= 0 */
  after(delayMs: number, action: () => void): Cancel {
    const entry: Entry = { atMs: this.nowMs + Math.max(0, delayMs), order: this.planned++, action };
    this.heap.push(entry);
    this.rise(this.heap.length - 1);
    return () => { entry.action = null; };
  }

  /** The next thing happens. @returns false if nothing is planned any more */
  step(): boolean {
    for (let entry = this.take(); entry !== undefined; entry = this.take()) {
      if (entry.action === null) continue;
      this.nowMs = entry.atMs;
      entry.action();
      return true;
    }
    return false;
  }

  private take(): Entry | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (first !== last && last !== undefined) {
      this.heap[0] = last;
      this.sink(0);
    }
    return first;
  }

  private rise(index: number): void {
    for (let child = index; child > 0;) {
      const parent = (child - 1) >>> 1;
      if (!this.isBefore(child, parent)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  private sink(index: number): void {
    for (let parent = index; ;) {
      const left = 2 * parent + 1;
      const smaller = left + 1 < this.heap.length && this.isBefore(left + 1, left) ? left + 1 : left;
      if (smaller >= this.heap.length || !this.isBefore(smaller, parent)) return;
      this.swap(parent, smaller);
      parent = smaller;
    }
  }

  private isBefore(left: number, right: number): boolean {
    const a = this.heap[left] as Entry;
    const b = this.heap[right] as Entry;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  private swap(left: number, right: number): void {
    [this.heap[left], this.heap[right]] = [this.heap[right] as Entry, this.heap[left] as Entry];
  }
}
