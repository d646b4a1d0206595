import { Injectable } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { type VerifiedManifest } from '@seedfleet/ledger';
import { ArtifactRepository } from './artifact.repository.js';
import { CommitRepository } from './commit.repository.js';
import { FleetState } from './fleet-state.js';

const replayPage = { countMax: 500, bytesMax: 4_194_304 };

/** What the state of a run was after any number of its commits: the nearest checkpoint before, and the log from there. */
@Injectable()
export class StateHistory {
  constructor(private readonly artifacts: ArtifactRepository, private readonly commits: CommitRepository) {}

  /** @throws InvariantError if the run has fewer commits, or is a branch without the state that it begins with */
  async at({ run, manifest, round }: { run: number; manifest: VerifiedManifest; round: number }): Promise<FleetState> {
    const fleet = new FleetState(manifest);
    const checkpoint = await this.artifacts.readNewestCheckpoint(run, round);
    if (checkpoint !== null) fleet.restore(checkpoint);
    else if (manifest.manifest.branch !== null) throw new InvariantError(`run ${run} is a branch, and the state that it begins with is not stored`);
    while (fleet.round < round) {
      const page = await this.commits.tail({ run, from: fleet.round, ...replayPage, countMax: Math.min(replayPage.countMax, round - fleet.round) });
      if (page.length === 0) throw new InvariantError(`the log of run ${run} ends at round ${fleet.round}, its head is ${round}`);
      fleet.replay(page);
    }
    return fleet;
  }
}
