import { Injectable } from '@nestjs/common';
import { deviceDoctorSchema, devicePingSchema, deviceResyncSchema, type DeviceDetail } from '@seedfleet/protocol';
import { Database } from '../database/database.js';
import { type Prisma } from '../database/generated/client.js';

const schemas = { ping: devicePingSchema, resync: deviceResyncSchema, doctor: deviceDoctorSchema } as const;
type Checks = DeviceDetail['checks'];

/** The only Prisma of the last answers of devices to operators. */
@Injectable()
export class CheckRepository {
  constructor(private readonly database: Database) {}

  async save<K extends keyof Checks>(deviceId: string, kind: K, answer: NonNullable<Checks[K]> & { at: string }): Promise<void> {
    const { at, ...rest } = answer;
    const result = rest as Prisma.InputJsonObject;
    const data = { at: new Date(at), result };
    await this.database.prisma.deviceCheck.upsert({ where: { deviceId_kind: { deviceId, kind } }, create: { deviceId, kind, ...data }, update: data });
  }

  /** The last answer of each kind; null where there is none, or one that an older version kept in another shape. */
  async ofDevice(deviceId: string): Promise<Checks> {
    const rows = await this.database.prisma.deviceCheck.findMany({ where: { deviceId } });
    const read = <K extends keyof Checks>(kind: K): Checks[K] => {
      const row = rows.find((candidate) => candidate.kind === kind);
      const parsed = row === undefined ? undefined : schemas[kind].safeParse({ at: row.at.toISOString(), ...(row.result as object) });
      return (parsed?.success === true ? parsed.data : null) as Checks[K];
    };
    return { ping: read('ping'), resync: read('resync'), doctor: read('doctor') };
  }
}
