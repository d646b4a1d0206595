import { Injectable } from '@nestjs/common';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { encodeCheckpoint, encodeManifest, fromHex, signManifest, toHex, verifyManifest, type Manifest, type VerifiedManifest } from '@seedfleet/ledger';
import { branchState, stateHash, type AdapterState } from '@seedfleet/numerics';
import { limits } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { Clock, Luck } from '../app/surroundings.js';
import { KeyRing } from '../keys/key-ring.js';
import { AuditLog } from '../operators/audit-log.js';
import { ArtifactRepository } from '../rounds/artifact.repository.js';
import { StateHistory } from '../rounds/state-history.js';
import { RunDevices } from './run-devices.js';
import { RunRepository, type RunMembers, type RunRow } from './run.repository.js';

type BranchRequest = InputOf<'branchRun'>['body'];

/** Makes runs that begin with the state of another after some of its commits. docs/rounds.md, "Branches". */
@Injectable()
export class RunBranching {
  constructor(
    private readonly repository: RunRepository,
    private readonly devices: RunDevices,
    private readonly history: StateHistory,
    private readonly artifacts: ArtifactRepository,
    private readonly audit: AuditLog,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  /**
   * The state that the branch begins with is stored in the same transaction as the run: whoever is assigned to it can fetch it.
   * @returns the number of the branch, a draft
   * @throws FleetError `branch.round`, `run.no-devices`, `manifest.invalid`
   */
  async branch(operator: string, parent: RunRow, request: BranchRequest): Promise<number> {
    const { round } = request;
    if (round > parent.round) throw new FleetError('branch.round', { field: 'round', problem: `Run ${parent.id} has ${parent.round} commits; there is no state after ${round}.` });
    const members = await this.membersOf(parent, request);
    const signedParent = await this.repository.findManifest(parent.id);
    if (signedParent === null) throw new InvariantError(`run ${parent.id} has no manifest`);
    const from = verifyManifest(signedParent);
    const fleet = await this.history.at({ run: parent.id, manifest: from, round });
    const first = branchState(fleet.state, request.changes.stepRule ?? from.manifest.stepRule);
    const at = this.clock.now();
    const { name = nameOf(parent, round) } = request;
    return this.audit.change(async (tx, record) => {
      let manifestHash = '';
      const id = await this.repository.create({
        name, model: parent.model, members, at, request: null, startWhen: { startAt: null, after: null, whenFree: false }, canary: null,
        sign: (run) => {
          const manifest = branchManifest(from, { run, name, createdAt: at, changes: request.changes, round, commitHash: fleet.head, first });
          const signed = signManifest(manifest, this.keys.privateKey);
          manifestHash = signed.hash;
          return { signed, canonical: encodeManifest(manifest) };
        },
      }, tx);
      const body = encodeCheckpoint({ manifestHash: fromHex(manifestHash), round: 0, lastCommit: new Uint8Array(), values: first.values });
      await this.artifacts.saveCheckpoint({ id: this.luck.id('art'), run: id, round: 0, body, at }, tx);
      await record({ actor: operator, action: 'run.branch', subject: String(id), detail: { name, parent: parent.id, round, devices: members.devices.length } });
      return id;
    });
  }

  /** As in the parent, unless a list is given: the same group, every device, or those assigned to it that are still active. */
  private async membersOf(parent: RunRow, { devices }: BranchRequest): Promise<RunMembers> {
    if (devices !== undefined || parent.everyDevice) return this.devices.membersOf({ devices });
    if (parent.group !== null) return this.devices.membersOf({ group: { id: parent.group.id, membership: parent.group.followed ? 'followed' : 'frozen' } });
    return { everyDevice: false, devices: await this.devices.chooseAgain(parent.id), group: null };
  }
}

interface BranchOrigin {
  run: number;
  name: string;
  createdAt: Date;
  changes: BranchRequest['changes'];
  round: number;
  commitHash: Uint8Array;
  first: AdapterState;
}

/** Frozen A grows from the run key: with another one, B would mean something else. Directions differ all the same, their seeds grow from the manifest's hash. */
function branchManifest({ manifest: parent, hash }: VerifiedManifest, { run, name, createdAt, changes, round, commitHash, first }: BranchOrigin): Manifest {
  const { estimator = parent.estimator, stepRule = parent.stepRule, policy = parent.policy } = changes;
  return {
    ...parent, run, name, createdAt: createdAt.toISOString(), estimator, stepRule, policy,
    branch: { run: parent.run, manifestHash: toHex(hash), round, commitHash: toHex(commitHash), stateHash: toHex(stateHash(first)) },
  };
}

function nameOf({ name }: RunRow, round: number): string {
  const suffix = ` from round ${round}`;
  return `${[...name].slice(0, limits.nameCharactersMax - suffix.length).join('')}${suffix}`;
}
