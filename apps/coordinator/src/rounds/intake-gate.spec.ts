import { FleetError } from '@seedfleet/errors';
import { IntakeGate } from './intake-gate.js';

const refusal = (gate: IntakeGate, moment: { nowMs: number; luck: number }): FleetError | null => {
  try {
    gate.enter(moment);
    return null;
  } catch (error) {
    return error as FleetError;
  }
};

test('as many reports wait as may; the next is refused with a time, and is taken when one has left', () => {
  const gate = new IntakeGate({ waitingMax: 3, retryMsMax: 30_000 });
  for (let index = 0; index < 3; index++) expect(refusal(gate, { nowMs: 0, luck: 0 })).toBeNull();
  expect(refusal(gate, { nowMs: 0, luck: 0 })).toMatchObject({ code: 'intake.full', retryable: true, retryAfterMs: 100 });
  expect(gate.waiting).toBe(3);
  gate.leave(5);
  expect(refusal(gate, { nowMs: 5, luck: 0 })).toBeNull();
});

test('the slower they become durable, the later the others come back, spread over the same time again and never beyond the bound', () => {
  const gate = new IntakeGate({ waitingMax: 1_000, retryMsMax: 30_000 });
  let nowMs = 0;
  for (let index = 0; index < 1_000; index++) gate.enter({ nowMs, luck: 0 });
  // Ten milliseconds each, for as long as the mean needs: then a thousand that wait take ten seconds.
  for (let index = 0; index < 1_000; index++) {
    gate.leave(nowMs += 10);
    gate.enter({ nowMs, luck: 0 });
  }
  const soonest = refusal(gate, { nowMs, luck: 0 })?.retryAfterMs ?? 0;
  const latest = refusal(gate, { nowMs, luck: 2 ** 32 - 1 })?.retryAfterMs ?? 0;
  expect(soonest).toBeGreaterThan(9_900);
  expect(soonest).toBeLessThanOrEqual(10_000);
  expect(latest).toBeGreaterThan(19_800);
  for (let index = 0; index < 1_000; index++) {
    gate.leave(nowMs += 1_000);
    gate.enter({ nowMs, luck: 0 });
  }
  expect(refusal(gate, { nowMs, luck: 0 })?.retryAfterMs).toBe(30_000);
});
