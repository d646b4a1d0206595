import { Injectable } from '@nestjs/common';
import { errors } from '@seedfleet/errors';
import { type AckOf, type DeviceLogLine, type ResponseOf } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { serverLimits } from '../app/limits.js';
import { Clock } from '../app/surroundings.js';
import { AuditLog } from '../operators/audit-log.js';
import { CheckRepository } from './check.repository.js';
import { DeviceLine } from './device-line.js';
import { DeviceRepository } from './device.repository.js';

/** What operators ask of a connected device. The last answers are kept. */
@Injectable()
export class DeviceCallsService {
  constructor(
    private readonly line: DeviceLine,
    private readonly checks: CheckRepository,
    private readonly devices: DeviceRepository,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  async ping(id: string): Promise<ResponseOf<'pingDevice'>> {
    const askedMs = this.clock.nowMs();
    const { nowMs, uptimeSeconds } = await this.line.ask(id, { event: 'device:ping', message: {}, waitMs: serverLimits.pingWaitMs });
    const heardMs = this.clock.nowMs();
    const answer = { at: this.now(), milliseconds: heardMs - askedMs, clockSkewMs: Math.round(nowMs - (askedMs + heardMs) / 2), uptimeSeconds };
    await this.checks.save(id, 'ping', answer);
    return answer;
  }

  async resync(id: string): Promise<ResponseOf<'resyncDevice'>> {
    const { runs } = await this.line.ask(id, { event: 'device:resync', message: {}, waitMs: serverLimits.resyncWaitMs });
    const answer = { at: this.now(), runs };
    await this.checks.save(id, 'resync', answer);
    return answer;
  }

  async diagnose(id: string): Promise<ResponseOf<'diagnoseDevice'>> {
    const { findings } = await this.line.ask(id, { event: 'device:doctor', message: {}, waitMs: serverLimits.doctorWaitMs });
    const answer = { at: this.now(), passed: findings.every(({ result }) => result !== 'failed'), findings: findings.map(findingOf) };
    await this.checks.save(id, 'doctor', answer);
    return answer;
  }

  async log(id: string, { after, limit }: InputOf<'showDeviceLog'>['query']): Promise<ResponseOf<'showDeviceLog'>> {
    const { entries } = await this.line.ask(id, { event: 'device:log', message: { after, limit }, waitMs: serverLimits.pingWaitMs });
    const last = entries.findLast(({ level }) => level === 'error');
    if (last !== undefined) await this.devices.saveLastError(id, { code: last.code, atMs: last.atMs, ...(last.run === undefined ? {} : { run: last.run }) });
    return { items: entries.map(lineOf) };
  }

  /** The device answers, then changes its key by itself: the audit log says when it has. */
  async rotateKey(operator: string, id: string): Promise<ResponseOf<'rotateDeviceKey'>> {
    await this.line.ask(id, { event: 'device:rotate-key', message: {}, waitMs: serverLimits.pingWaitMs });
    await this.audit.record({ actor: operator, action: 'device.ask-rotation', subject: id });
    return { asked: true };
  }

  private now(): string {
    return this.clock.now().toISOString();
  }
}

/** The fix of a code that this build knows. */
export function fixOf(code: string): string | null {
  return Object.entries(errors).find(([known]) => known === code)?.[1].fix ?? null;
}

function findingOf({ check, result, code, detail, problem }: AckOf<'device:doctor'>['findings'][number]) {
  return { check, result, code: code ?? null, fix: code === undefined ? null : fixOf(code), detail: detail ?? null, problem: problem ?? null };
}

function lineOf({ atMs, ...line }: AckOf<'device:log'>['entries'][number]): DeviceLogLine {
  return { ...line, at: new Date(atMs).toISOString(), fix: fixOf(line.code) };
}
