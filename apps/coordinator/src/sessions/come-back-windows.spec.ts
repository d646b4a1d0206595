import fc from 'fast-check';
import { ComeBackWindows, type HandshakeLimits } from './come-back-windows.js';

const limits: HandshakeLimits = { underWayMax: 8, perSecond: { first: 100, min: 20, max: 400 }, burstMs: 100, waitMaxMs: 60_000, bookedMax: 1_000, handshakeMaxMs: 20_000 };

/** A fleet that comes at once and does as it is told; every handshake takes `serviceMs`. @returns ms until each device was let in, and how often it was sent away */
function returnOf({ devices, serviceMs, luck = 0 }: { devices: number; serviceMs: number; luck?: number }) {
  const windows = new ComeBackWindows(limits);
  const due = Array.from({ length: devices }, (_, index) => ({ atMs: 1_000, device: `dev_${index}`, away: 0 }));
  const open: { atMs: number; connection: string }[] = [];
  const admitted = new Map<string, { afterMs: number; away: number }>();
  let underWayMost = 0;
  let longestWaitMs = 0;
  for (let nowMs = 1_000; admitted.size < devices && nowMs < 1_000_000; nowMs += 1) {
    while (open[0] !== undefined && open[0].atMs <= nowMs) windows.ended((open.shift() as { connection: string }).connection, nowMs);
    for (const caller of due.filter(({ atMs }) => atMs === nowMs)) {
      const waitMs = windows.arrive({ device: caller.device, connection: `${caller.device}/${caller.away}`, nowMs, luck });
      if (waitMs === null) {
        admitted.set(caller.device, { afterMs: nowMs - 1_000, away: caller.away });
        open.push({ atMs: nowMs + serviceMs, connection: `${caller.device}/${caller.away}` });
        underWayMost = Math.max(underWayMost, open.length);
      } else {
        caller.away++;
        caller.atMs = nowMs + waitMs;
        longestWaitMs = Math.max(longestWaitMs, waitMs);
      }
    }
  }
  return { admitted, underWayMost, longestWaitMs };
}

test('a few devices never wait', () => {
  const { admitted } = returnOf({ devices: 8, serviceMs: 5 });
  expect([...admitted.values()].every(({ away }) => away === 0)).toBe(true);
});

test('a fleet that comes back at once is let in one behind the other, each told once or twice when to come, and none is lost', () => {
  const { admitted, underWayMost } = returnOf({ devices: 500, serviceMs: 5 });
  expect(admitted.size).toBe(500);
  expect(underWayMost).toBeLessThanOrEqual(8);
  expect(Math.max(...[...admitted.values()].map(({ away }) => away))).toBeLessThanOrEqual(2);
  // 500 devices at the 100 a second that it began with, or faster.
  expect(Math.max(...[...admitted.values()].map(({ afterMs }) => afterMs))).toBeLessThanOrEqual(5_000);
});

test('where handshakes take long, fewer are let in, and never more at a time than is borne', () => {
  // 8 at a time, each 160 ms: 50 a second at most, half of what was tried first.
  const { admitted, underWayMost } = returnOf({ devices: 300, serviceMs: 160 });
  expect(admitted.size).toBe(300);
  expect(underWayMost).toBe(8);
  expect(Math.max(...[...admitted.values()].map(({ afterMs }) => afterMs))).toBeLessThan(30_000);
});

test('no wait is longer than its bound, and every one is at least a millisecond', () => fc.assert(fc.property(
  fc.array(fc.record({ device: fc.nat({ max: 300 }), passMs: fc.nat({ max: 40 }), luck: fc.nat({ max: 2 ** 32 - 1 }), ends: fc.boolean() }), { maxLength: 2_000 }), (arrivals) => {
    const few = { ...limits, waitMaxMs: 1_000, bookedMax: 50 };
    const windows = new ComeBackWindows(few);
    let nowMs = 5_000;
    for (const [index, { device, passMs, luck, ends }] of arrivals.entries()) {
      nowMs += passMs;
      const waitMs = windows.arrive({ device: `dev_${device}`, connection: String(index), nowMs, luck });
      if (waitMs !== null) expect(waitMs >= 1 && waitMs <= few.waitMaxMs).toBe(true);
      else if (ends) windows.ended(String(index), nowMs);
    }
    expect(windows.rate).toBeGreaterThanOrEqual(limits.perSecond.min);
    expect(windows.rate).toBeLessThanOrEqual(limits.perSecond.max);
  })));

test('a device that comes before its time is told the same time again', () => {
  const windows = new ComeBackWindows({ ...limits, burstMs: 0, perSecond: { first: 1, min: 1, max: 1 } });
  expect(windows.arrive({ device: 'dev_a', connection: '1', nowMs: 1_000, luck: 0 })).toBeNull();
  expect(windows.arrive({ device: 'dev_b', connection: '2', nowMs: 1_000, luck: 0 })).toBe(1_000);
  expect(windows.arrive({ device: 'dev_b', connection: '3', nowMs: 1_400, luck: 0 })).toBe(600);
  expect(windows.arrive({ device: 'dev_b', connection: '4', nowMs: 2_000, luck: 0 })).toBeNull();
});

test('handshakes that never end do not keep the others out, nor does a clock that is set back', () => {
  const windows = new ComeBackWindows(limits);
  for (let index = 0; index < 8; index++) expect(windows.arrive({ device: `dev_${index}`, connection: String(index), nowMs: 600_000, luck: 0 })).toBeNull();
  expect(windows.arrive({ device: 'dev_late', connection: 'late', nowMs: 600_000, luck: 0 })).not.toBeNull();
  expect(windows.arrive({ device: 'dev_other', connection: 'other', nowMs: 620_001, luck: 0 })).toBeNull();
  expect(windows.arrive({ device: 'dev_back', connection: 'back', nowMs: 300_000, luck: 0 })).toBeNull();
});
