import { appendFileSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errors } from '@seedfleet/errors';
import { deviceLogCodes, deviceLogEntry } from '@seedfleet/protocol';
import fc from 'fast-check';
import pino from 'pino';
import { DeviceLog, logLinesMax } from './device-log.js';
import { recordingLogger } from './recording-logger.js';

const aPath = () => join(mkdtempSync(join(tmpdir(), 'seedfleet-log-')), 'log.jsonl');
const secret = 'the patient in room 12 said no';

test('whatever the worker logs, a line is a code, a level, a time and whole numbers: no text of anybody gets in', () => {
  const log = new DeviceLog(aPath(), () => 1_000);
  const codes: string[] = [...deviceLogCodes, ...Object.keys(errors)];
  const anything = fc.oneof(fc.string(), fc.constant(secret), fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string()), fc.object());
  fc.assert(fc.property(
    fc.constantFrom('info', 'warn', 'error' as const),
    fc.dictionary(fc.oneof(fc.constantFrom('code', 'event', 'run', 'round', 'attempt', 'examples', 'bytes', 'milliseconds', 'forwardMs', 'problem', 'reason', 'level', 'sequence', 'atMs'), fc.string()), anything),
    fc.option(fc.constantFrom(...codes), { nil: undefined }), (level, fields, code) => {
      const [last] = log.after(0, 1);
      log.take(level as 'info', code === undefined ? fields : { ...fields, code });
      for (const line of log.after(last?.sequence ?? 0, 10)) {
        expect(codes).toContain(line.code);
        expect(deviceLogEntry.safeParse(line).success).toBe(true);
        const { level: said, code: what, ...rest } = line;
        expect(['info', 'warn', 'error']).toContain(said);
        expect(Object.values(rest).every((value) => Number.isSafeInteger(value))).toBe(true);
        expect(what).not.toContain(' ');
      }
      if (code !== undefined) expect(log.after(last?.sequence ?? 0, 10)).toHaveLength(1);
    }), { numRuns: 300 });
});

test('words beside a code stay with the logger; its counts are kept', () => {
  const path = aPath();
  const log = new DeviceLog(path, () => 1_000);
  const written: string[] = [];
  const logger = recordingLogger(pino({ base: null }, { write: (line: string) => { written.push(line); } }), log);
  logger.error({ run: 3, round: 7, code: 'dataset.missing-field', fix: secret, field: secret }, secret);
  logger.info({ run: 3, event: 'run.prepared', examples: 160, forwardMs: 12.4, peakMegabytes: 310 }, secret);
  logger.info({ run: 3 }, secret);
  logger.warn(secret);
  expect(log.after(0, 10)).toEqual([
    { sequence: 1, atMs: 1_000, level: 'error', code: 'dataset.missing-field', run: 3, round: 7 },
    { sequence: 2, atMs: 1_000, level: 'info', code: 'run.prepared', run: 3, examples: 160, milliseconds: 12, megabytes: 310 },
  ]);
  expect(written).toHaveLength(4);
  expect(written[0]).toContain(secret);
  expect(readFileSync(path, 'utf8')).not.toContain(secret);
});

test('the log goes on where it was, without the part of a line that a killed process left', () => {
  const path = aPath();
  new DeviceLog(path, () => 1).record('error', 'vault.unwritable', { run: 4 });
  appendFileSync(path, '{"sequence":2,"atMs":');
  const log = new DeviceLog(path, () => 2);
  expect(log.lastError()).toEqual({ code: 'vault.unwritable', atMs: 1, run: 4 });
  log.record('info', 'worker.started');
  log.record('info', 'session.connected');
  expect(new DeviceLog(path, () => 3).after(0, 10)).toEqual([
    { sequence: 1, atMs: 1, level: 'error', code: 'vault.unwritable', run: 4 }, { sequence: 2, atMs: 2, level: 'info', code: 'worker.started' }, { sequence: 3, atMs: 2, level: 'info', code: 'session.connected' },
  ]);
});

test('the log is a ring: the newest lines stay, in memory and in a file that does not grow', () => {
  const path = aPath();
  const log = new DeviceLog(path, () => 1);
  for (let i = 0; i < 3 * logLinesMax; i++) log.record('info', 'session.connected');
  expect(log.after(0, 10_000)).toHaveLength(logLinesMax);
  expect(log.after(0, 2).map(({ sequence }) => sequence)).toEqual([3 * logLinesMax - 1, 3 * logLinesMax]);
  expect(readFileSync(path, 'utf8').trim().split('\n').length).toBeLessThanOrEqual(2 * logLinesMax);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
