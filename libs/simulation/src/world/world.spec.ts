import { utf8 } from '@seedfleet/ledger';
import { Disk } from './disk.js';
import { fairWorld } from './faults.js';
import { Network } from './network.js';
import { randomFrom } from './random.js';
import { SkewedClock } from './skewed-clock.js';
import { Timeline } from './timeline.js';

function everything(timeline: Timeline): void {
  while (timeline.step());
}

describe('the timeline', () => {
  test('lets things happen in the order of their times, and of planning where times are equal', () => {
    const timeline = new Timeline();
    const random = randomFrom(1);
    const delays = Array.from({ length: 500 }, () => random.below(50));
    const happened: { delay: number; index: number }[] = [];
    delays.forEach((delay, index) => timeline.after(delay, () => happened.push({ delay, index })));
    everything(timeline);
    expect(happened).toEqual(delays.map((delay, index) => ({ delay, index })).sort((a, b) => a.delay - b.delay || a.index - b.index));
  });

  test('forgets what was taken back', () => {
    const timeline = new Timeline();
    const cancel = timeline.after(5, () => { throw new Error('it happened'); });
    cancel();
    expect(timeline.step()).toBe(false);
  });
});

test('a clock that is moved shows another time, and its timers come as if nobody had', () => {
  const timeline = new Timeline();
  const clock = new SkewedClock(timeline, 1_000, 1);
  let firedMs = -1;
  clock.at(1_500, () => { firedMs = timeline.nowMs; });
  clock.move(-300_000);
  expect(clock.nowMs()).toBe(-299_000);
  everything(timeline);
  expect(firedMs).toBe(500);
});

describe('the network', () => {
  function arrivals(faults: Partial<typeof fairWorld>, prepare: (network: Network) => void = () => undefined) {
    const timeline = new Timeline();
    const network = new Network(timeline, randomFrom(2), { ...fairWorld, ...faults });
    prepare(network);
    const arrived: number[] = [];
    for (let message = 0; message < 200; message++) network.carry('a', 'up', () => arrived.push(message));
    everything(timeline);
    return arrived;
  }
  const sorted = (numbers: number[]) => [...numbers].sort((a, b) => a - b);

  test('keeps the order of a connection', () => expect(arrivals({})).toEqual(Array.from({ length: 200 }, (_, i) => i)));
  test('reorders, and loses nothing by it', () => {
    const arrived = arrivals({ reorder: 0.2 });
    expect(arrived).not.toEqual(sorted(arrived));
    expect(sorted(arrived)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });
  test('loses', () => expect(arrivals({ loss: 0.5 }).length).toBeLessThan(150));
  test('repeats', () => expect(arrivals({ duplication: 0.5 }).length).toBeGreaterThan(250));
  test('is cut in one direction and not in the other', () => {
    expect(arrivals({}, (network) => network.cut('a', 'up'))).toEqual([]);
    expect(arrivals({}, (network) => network.cut('a', 'down'))).toHaveLength(200);
  });
});

describe('a disk', () => {
  const text = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes ?? new Uint8Array());

  test('tears what was being appended when power goes, and nothing before it', () => {
    const lengths = new Set(Array.from({ length: 50 }, (_, seed) => {
      const disk = new Disk(randomFrom(seed), fairWorld);
      disk.append('tail', utf8('whole '));
      disk.faults = { ...fairWorld, tornWrite: 1 };
      expect(() => disk.append('tail', utf8('torn'))).toThrow('The power is gone.');
      expect(text(disk.read('tail'))).toMatch(/^whole t?o?r?$/);
      return disk.read('tail')?.length;
    }));
    expect([...lengths].sort()).toEqual([6, 7, 8, 9]);
  });

  test('that lies about a flush forgets the last writes, in their order', () => {
    const disk = new Disk(randomFrom(1), { ...fairWorld, lostFsync: 1 });
    for (const value of ['1', '2', '3', '4', '5', '6']) disk.replace('counter', utf8(value));
    disk.crash();
    expect(Number(text(disk.read('counter')))).toBe(6 - disk.forgotten);
    expect(disk.forgotten).toBeGreaterThan(0);
  });

  test('that is full refuses a write and keeps what it has', () => {
    const disk = new Disk(randomFrom(1), fairWorld);
    disk.replace('counter', utf8('1'));
    disk.faults = { ...fairWorld, deviceWriteRefused: 1 };
    expect(() => disk.replace('counter', utf8('2'))).toThrow('There is no space left on the disk.');
    expect(text(disk.read('counter'))).toBe('1');
  });
});
