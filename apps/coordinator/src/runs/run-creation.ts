import { Injectable } from '@nestjs/common';
import { encodeManifest, signManifest, toHex } from '@seedfleet/ledger';
import { type InputOf } from '../app/handles.js';
import { type Prisma } from '../database/generated/client.js';
import { Clock, Luck } from '../app/surroundings.js';
import { KeyRing } from '../keys/key-ring.js';
import { ModelsService } from '../models/models.service.js';
import { AuditLog } from '../operators/audit-log.js';
import { manifestOf } from './manifest-of-request.js';
import { RunDevices } from './run-devices.js';
import { RunPlans } from './run-plans.js';
import { RunRepository } from './run.repository.js';

/** Turns what an operator asks for into a signed manifest and a run with its devices. */
@Injectable()
export class RunCreation {
  constructor(
    private readonly repository: RunRepository,
    private readonly models: ModelsService,
    private readonly devices: RunDevices,
    private readonly plans: RunPlans,
    private readonly audit: AuditLog,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  /** @returns the number of the run, a draft */
  async create(operator: string, request: InputOf<'createRun'>['body']): Promise<number> {
    const model = await this.models.requireReady(request.model);
    const members = await this.devices.membersOf(request);
    const startWhen = await this.plans.startWhenOf(request);
    const canary = await this.plans.canaryOf(request.canary, { devices: members.devices.length });
    const at = this.clock.now();
    const runKey = toHex(this.luck.bytes(32));
    return this.audit.change(async (tx, record) => {
      const id = await this.repository.create({
        name: request.name, model: model.id, members, startWhen, canary, at, request: { ...request, start: true } as Prisma.InputJsonObject,
        sign: (run) => {
          const manifest = manifestOf({ run, createdAt: at, coordinatorKey: toHex(this.keys.publicKey), runKey, request, model });
          return { signed: signManifest(manifest, this.keys.privateKey), canonical: encodeManifest(manifest) };
        },
      }, tx);
      await record({ actor: operator, action: 'run.create', subject: String(id), detail: { name: request.name, devices: members.devices.length, ...(members.group === null ? {} : { group: members.group.id }) } });
      return id;
    });
  }
}
