import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { decodeCommit, equalBytes, hashReports, toHex, verifyLink, verifyManifest, type SignedCommit, type VerifiedManifest } from '@seedfleet/ledger';
import { deriveSeeds, seedToHex } from '@seedfleet/numerics';
import { roundStates, seatOutcomes, departureReasons, type ResponseOf, type RoundDetails } from '@seedfleet/protocol';
import { z } from 'zod';
import { type InputOf } from '../app/handles.js';
import { reportBytes } from '../rounds/report-bytes.js';
import { RoundRepository } from '../rounds/round.repository.js';
import { RunRepository } from '../runs/run.repository.js';
import { RoundDetailsRepository, type AttemptRow, type StoredCommit } from './round-details.repository.js';
import { RoundStatistics, toFloats } from './round-statistics.js';

const state = z.enum(roundStates);
const reason = z.enum(departureReasons);
const outcome = z.enum(seatOutcomes);
const declinesSchema = z.partialRecord(reason, z.int());

/** One round with all that is known of it; its commit is verified anew each time that somebody looks. */
@Injectable()
export class RoundDetailsService {
  constructor(
    private readonly runs: RunRepository,
    private readonly rounds: RoundRepository,
    private readonly details: RoundDetailsRepository,
    private readonly statistics: RoundStatistics,
  ) {}

  async show({ id: run, round }: InputOf<'showRound'>['params']): Promise<RoundDetails> {
    const signed = await this.runs.findManifest(run);
    if (signed === null) throw notFound('id', `There is no run ${run}.`);
    await this.statistics.settle();
    const attempts = await this.details.findAttempts(run, round);
    if (attempts.length === 0) throw notFound('round', `Run ${run} has not opened a round ${round}.`);
    const stored = await this.details.findCommit(run, round);
    const evaluation = await this.details.findEvaluation(run, round + 1);
    return {
      round, attempts: attempts.map((attempt) => attemptOf(attempt, stored)),
      commit: stored === null ? null : await this.commitOf(run, verifyManifest(signed), stored),
      evaluation: evaluation === null ? null : { loss: evaluation.lossSum / evaluation.count, accuracy: evaluation.correct / evaluation.count, count: evaluation.count, devices: evaluation.devices },
    };
  }

  async devices({ id: run, round }: InputOf<'listRoundDevices'>['params'], { attempt, cursor = '', limit }: InputOf<'listRoundDevices'>['query']): Promise<ResponseOf<'listRoundDevices'>> {
    await this.statistics.settle();
    const [newest] = await this.details.findAttempts(run, round);
    if (newest === undefined) throw notFound('round', `Run ${run} has not opened a round ${round}.`);
    const seats = await this.details.pageSeats({ run, round, attempt: attempt ?? newest.attempt, after: cursor, limit });
    return {
      items: seats.map(({ differences, ...seat }) => ({
        ...seat, outcome: outcome.parse(seat.outcome), reason: reason.nullable().parse(seat.reason), differences: differences === null ? null : [...toFloats(differences)],
      })),
      next: seats.length < limit ? null : seats.at(-1)?.device ?? null,
    };
  }

  private async commitOf(run: number, manifest: VerifiedManifest, { bytes, reportsSalt, committedAt, attempt }: StoredCommit): Promise<RoundDetails['commit']> {
    const commit = decodeCommit(bytes);
    const { round, queries, groups, coefficients, previousHash, learningRate, reports, hash, stateHash, reportsHash } = commit;
    const seeds = deriveSeeds({ manifestHash: manifest.hash, previousHash, attempt, groups, queries });
    const of = <T>(values: Iterable<T>, place: number) => [...values].slice(place * queries, (place + 1) * queries);
    return {
      attempt, hash: toHex(hash), previousHash: toHex(previousHash), stateHash: toHex(stateHash), reportsHash: toHex(reportsHash), bytes: bytes.length, learningRate, reports,
      committedAt: committedAt.toISOString(),
      groups: groups.map((group, place) => ({ group, seeds: of(seeds, place).map(seedToHex), coefficients: of(coefficients, place) })),
      verified: { link: await this.isLinked(run, manifest, commit), reports: await this.holdsReports(run, { round, attempt, reportsHash, reportsSalt }) },
    };
  }

  private async isLinked(run: number, manifest: VerifiedManifest, { round, bytes }: SignedCommit): Promise<boolean> {
    const previousHash = round === 0 ? manifest.hash : await this.details.findHash(run, round - 1);
    if (previousHash === null) return false;
    try {
      verifyLink({ manifest, bytes, from: { round, previousHash } });
      return true;
    } catch (error) {
      if (error instanceof FleetError) return false;
      throw error;
    }
  }

  /** Null once retention has deleted the reports. */
  private async holdsReports(run: number, { round, attempt, reportsHash, reportsSalt }: { round: number; attempt: number; reportsHash: Uint8Array; reportsSalt: Uint8Array }): Promise<boolean | null> {
    const reports = await this.rounds.findReports({ run, round, attempt });
    if (reports.length === 0) return null;
    return equalBytes(hashReports({ salt: reportsSalt, reports: reports.map((report) => reportBytes({ round, attempt, report })) }), reportsHash);
  }
}

function attemptOf({ opened_at, deadline_at, ended_at, declines, ...row }: AttemptRow, commit: StoredCommit | null): RoundDetails['attempts'][number] {
  return {
    ...row, state: state.parse(row.state), openedAt: opened_at.toISOString(), deadlineAt: deadline_at.toISOString(), endedAt: ended_at?.toISOString() ?? null,
    counted: commit?.attempt === row.attempt ? decodeCommit(commit.bytes).reports : 0, declines: declinesSchema.parse(declines ?? {}),
  };
}

const notFound = (field: string, problem: string) => new FleetError('request.not-found', { field, problem });
