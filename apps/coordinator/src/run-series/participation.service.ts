import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type Participation, type StateHashes } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { RunRepository } from '../runs/run.repository.js';
import { ParticipationRepository } from './participation.repository.js';
import { RoundStatistics } from './round-statistics.js';
import { StateHashRepository } from './state-hash.repository.js';

/** Devices of a run against its rounds, and against its states. */
@Injectable()
export class ParticipationService {
  constructor(private readonly runs: RunRepository, private readonly participation: ParticipationRepository, private readonly hashes: StateHashRepository, private readonly statistics: RoundStatistics) {}

  async show(run: number, { cursor = '', limit, rounds, to = 2 ** 31 - 1 }: InputOf<'showParticipation'>['query']): Promise<Participation> {
    await this.require(run);
    await this.statistics.settle();
    const attempts = await this.participation.findAttempts(run, { to, count: rounds });
    const devices = await this.participation.pageDevices(run, { after: cursor, limit });
    const [first, last] = [attempts[0], attempts.at(-1)];
    const cells = first === undefined || last === undefined || devices.length === 0 ? new Map<string, string>()
      : await this.participation.findCells(run, { from: first.round, to: last.round, devices: devices.map(({ device }) => device) });
    return {
      attempts, next: devices.length < limit ? null : devices.at(-1)?.device ?? null,
      items: devices.map(({ device, name }) => ({ device, name, cells: attempts.map(({ round, attempt }) => cells.get(`${device} ${round}.${attempt}`) ?? '.').join('') })),
    };
  }

  async stateHashes(run: number): Promise<StateHashes> {
    await this.require(run);
    return this.hashes.compare(run);
  }

  private async require(run: number): Promise<void> {
    if (await this.runs.find(run) === null) throw new FleetError('request.not-found', { field: 'id', problem: `There is no run ${run}.` });
  }
}
