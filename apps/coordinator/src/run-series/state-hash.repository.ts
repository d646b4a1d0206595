import { Injectable } from '@nestjs/common';
import { toHex } from '@seedfleet/ledger';
import { type StateHashes } from '@seedfleet/protocol';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

const roundsMax = 100;
const differingMax = 50;

interface SaidRow { round: number; hash: Uint8Array; devices: number; expected: Uint8Array | null }

/** States as devices last said them, against those of the log. */
@Injectable()
export class StateHashRepository {
  constructor(private readonly database: Database) {}

  async compare(run: number): Promise<StateHashes> {
    const { prisma } = this.database;
    const said = await prisma.$queryRaw<SaidRow[]>(Prisma.sql`
      SELECT a.state_round AS round, a.state_hash AS hash, count(*)::int AS devices, c.state_hash AS expected
      FROM assignments a LEFT JOIN commits c ON c.run_id = a.run_id AND c.round = a.state_round - 1
      WHERE a.run_id = ${run} AND a.state_hash IS NOT NULL AND a.state_round IN
        (SELECT DISTINCT state_round FROM assignments WHERE run_id = ${run} AND state_hash IS NOT NULL ORDER BY state_round DESC LIMIT ${roundsMax})
      GROUP BY a.state_round, a.state_hash, c.state_hash ORDER BY a.state_round DESC, devices DESC`);
    const differing = await prisma.$queryRaw<{ device: string; name: string; round: number; hash: Uint8Array }[]>(Prisma.sql`
      SELECT a.device_id AS device, d.name, a.state_round AS round, a.state_hash AS hash
      FROM assignments a JOIN devices d ON d.id = a.device_id JOIN commits c ON c.run_id = a.run_id AND c.round = a.state_round - 1
      WHERE a.run_id = ${run} AND a.state_hash <> c.state_hash ORDER BY a.device_id LIMIT ${differingMax}`);
    const rounds = new Map<number, StateHashes['rounds'][number]>();
    for (const { round, hash, devices, expected } of said) {
      const row = rounds.get(round) ?? { round, expected: expected === null ? null : toHex(expected), said: [] };
      row.said.push({ hash: toHex(hash), devices });
      rounds.set(round, row);
    }
    const rows = [...rounds.values()];
    return {
      distinct: Math.max(0, ...rows.map(({ said: hashes, expected }) => new Set([...hashes.map(({ hash }) => hash), ...(expected === null ? [] : [expected])]).size)),
      devices: said.reduce((sum, { devices }) => sum + devices, 0), rounds: rows, differing: differing.map((row) => ({ ...row, hash: toHex(row.hash) })),
    };
  }
}
