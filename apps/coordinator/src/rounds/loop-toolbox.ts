import { Injectable } from '@nestjs/common';
import { Logger } from '../app/logger.js';
import { Clock, Luck } from '../app/surroundings.js';
import { KeyRing } from '../keys/key-ring.js';
import { RunRepository } from '../runs/run.repository.js';
import { Announcer } from './announcer.js';
import { ArtifactRepository } from './artifact.repository.js';
import { CommitRepository } from './commit.repository.js';
import { EvaluationRepository } from './evaluation.repository.js';
import { RoundRepository } from './round.repository.js';
import { RoundWatchers } from './round-watchers.js';
import { LeaderWrites } from './leader-writes.js';
import { type LoopTools } from './run-loop.js';
import { Replica } from '../replicas/replica.js';
import { Whereabouts } from './whereabouts.js';

/** Collects what the loops of all runs perform their effects with. */
@Injectable()
export class LoopToolbox {
  readonly tools: LoopTools;

  constructor(
    runs: RunRepository, rounds: RoundRepository, commits: CommitRepository, evaluations: EvaluationRepository, artifacts: ArtifactRepository,
    announcer: Announcer, keys: KeyRing, clock: Clock, luck: Luck, logger: Logger, watchers: RoundWatchers,
    writes: LeaderWrites, replica: Replica,
  ) {
    this.tools = { runs, rounds, commits, evaluations, artifacts, announcer, keys, clock, luck, logger, watchers, writes, whereabouts: () => new Whereabouts(replica.id) };
  }
}
