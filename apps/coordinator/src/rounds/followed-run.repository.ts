import { Injectable } from '@nestjs/common';
import { verifyManifest, type VerifiedManifest } from '@seedfleet/ledger';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { RunRepository } from '../runs/run.repository.js';

/** How a run stands in the database. */
export interface RunStanding {
  id: number;
  state: string;
  cause: string | null;
  /** commits so far */
  round: number;
  fencingToken: number;
  /** the newest attempt at the next round, if it is collecting */
  openAttempt: number | null;
  /** attempts at the next round so far */
  attempts: number;
  /** an evaluation of the state after so many commits was asked for, and no attempt is open since */
  evaluating: boolean;
}

const cohortSchema = z.array(z.object({ device: z.string(), group: z.int() }));

/** What a replica reads of runs that another one leads. */
@Injectable()
export class FollowedRunRepository {
  private readonly manifests = new Map<number, VerifiedManifest>();

  constructor(private readonly database: Database, private readonly runs: RunRepository) {}

  async look(runs: readonly number[]): Promise<RunStanding[]> {
    if (runs.length === 0) return [];
    const rows = await this.database.rows<{ id: number; state: string; cause: string | null; round: number; fencing_token: number; evaluating: number | null; attempt: number | null; attempt_state: string | null }>(`
      SELECT runs.id, runs.state, runs.cause, runs.round, runs.fencing_token, runs.evaluating, newest.attempt, newest.state AS attempt_state
      FROM runs LEFT JOIN LATERAL (SELECT attempt, state FROM rounds WHERE run_id = runs.id AND round = runs.round ORDER BY attempt DESC LIMIT 1) newest ON true
      WHERE runs.id = ANY($1::int[])`, [[...runs]]);
    return rows.map(({ fencing_token: fencingToken, attempt, attempt_state: attemptState, evaluating, ...row }) => ({
      ...row, fencingToken, openAttempt: attemptState === 'collecting' ? attempt : null, attempts: attempt === null ? 0 : attempt + 1, evaluating: evaluating === row.round && attemptState !== 'collecting',
    }));
  }

  /** Group of each device of an attempt's cohort. */
  async cohort({ run, round, attempt }: { run: number; round: number; attempt: number }): Promise<Map<string, number>> {
    const [row] = await this.database.rows<{ cohort: unknown }>('SELECT cohort FROM rounds WHERE run_id = $1 AND round = $2 AND attempt = $3', [run, round, attempt]);
    return new Map((row === undefined ? [] : cohortSchema.parse(row.cohort)).map(({ device, group }) => [device, group]));
  }

  /** Of these devices, those that have a report in the attempt. */
  async reported({ run, round, attempt }: { run: number; round: number; attempt: number }, devices: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.rows<{ device_id: string }>('SELECT device_id FROM reports WHERE run_id = $1 AND round = $2 AND attempt = $3 AND device_id = ANY($4::text[])', [run, round, attempt, [...devices]]);
    return new Set(rows.map(({ device_id }) => device_id));
  }

  /** Hash that the commit of a round names as the one before, and the state that it is made at. */
  async head(run: number, round: number): Promise<{ previousHash: Uint8Array; stateHash: Uint8Array | null }> {
    if (round === 0) return { previousHash: (await this.manifest(run)).hash, stateHash: null };
    const [row] = await this.database.rows<{ hash: Buffer; state_hash: Buffer }>('SELECT hash, state_hash FROM commits WHERE run_id = $1 AND round = $2', [run, round - 1]);
    if (row === undefined) throw new Error(`run ${run} has no commit of round ${round - 1}`);
    return { previousHash: new Uint8Array(row.hash), stateHash: new Uint8Array(row.state_hash) };
  }

  /** It never changes: read once. */
  async manifest(run: number): Promise<VerifiedManifest> {
    const known = this.manifests.get(run);
    if (known !== undefined) return known;
    const signed = await this.runs.findManifest(run);
    if (signed === null) throw new Error(`run ${run} has no manifest`);
    const manifest = verifyManifest(signed);
    this.manifests.set(run, manifest);
    return manifest;
  }

  forget(run: number): void {
    this.manifests.delete(run);
  }
}
