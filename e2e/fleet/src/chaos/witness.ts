import { decodeCommit, toHex } from '@seedfleet/ledger';
import { acknowledgedReports, storedReports } from '../toy/report-rows.js';
import { type ToyFleet } from '../toy/toy-fleet.js';

/** Watches a run from outside for what must never happen. */
export class Witness {
  readonly forks: string[] = [];
  private seen: string[] = [];

  constructor(private readonly fleet: ToyFleet, private readonly run: number) {}

  /** Compares the log with what it was before, and the state of every worker with the log. @returns commits of the log */
  async look(): Promise<number> {
    // Workers first: none may be ahead of the durable log.
    const held = await Promise.all(this.fleet.workers.map(async (worker) => (await worker.status())?.runs.find(({ run }) => run === this.run)));
    const log = await this.fleet.log(this.run);
    const commits = log.map(toHex);
    if (this.seen.some((commit, round) => commits[round] !== commit)) this.forks.push(`the log changed within its first ${this.seen.length} commits`);
    for (const state of held) {
      if (state === undefined || state.round === 0) continue;
      const last = log[state.round - 1];
      if (last === undefined) this.forks.push(`a worker is at round ${state.round}, the log ends at ${log.length}`);
      else if (toHex(decodeCommit(last).stateHash) !== state.stateHash) this.forks.push(`a worker has another state after round ${state.round}`);
    }
    this.seen = commits;
    return commits.length;
  }

  /** Acknowledged reports that are not in the database; the fleet has stopped. */
  async lostReports(): Promise<{ acknowledged: number; lost: string[] }> {
    const names = this.fleet.workers.map(({ home }) => home.slice(this.fleet.folder.length + 1));
    const acknowledged = (await Promise.all(names.map((name) => acknowledgedReports(this.fleet, name, this.run)))).flat();
    const stored = new Set(await storedReports(this.fleet, this.run));
    return { acknowledged: acknowledged.length, lost: acknowledged.filter((report) => !stored.has(report)) };
  }
}
