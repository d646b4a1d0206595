import { Controller } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { RunRepository } from '../runs/run.repository.js';
import { DisclosureService } from './disclosure.service.js';
import { ParticipationService } from './participation.service.js';
import { RoundDetailsService } from './round-details.service.js';
import { RunEventRepository } from './run-event.repository.js';
import { RoundStatistics } from './round-statistics.js';
import { SeriesService } from './series.service.js';

/** What a run shows beside its rounds and evaluations row by row. Reads only. */
@Controller()
export class RunSeriesController {
  constructor(private readonly series: SeriesService, private readonly details: RoundDetailsService, private readonly participation: ParticipationService, private readonly disclosures: DisclosureService) {}

  @Handles('showSeries')
  show(@Input() { params, query }: InputOf<'showSeries'>): Promise<ResponseOf<'showSeries'>> {
    return this.series.show(params.id, query);
  }

  @Handles('showRound')
  round(@Input() { params }: InputOf<'showRound'>): Promise<ResponseOf<'showRound'>> {
    return this.details.show(params);
  }

  @Handles('listRoundDevices')
  roundDevices(@Input() { params, query }: InputOf<'listRoundDevices'>): Promise<ResponseOf<'listRoundDevices'>> {
    return this.details.devices(params, query);
  }

  @Handles('showParticipation')
  showParticipation(@Input() { params, query }: InputOf<'showParticipation'>): Promise<ResponseOf<'showParticipation'>> {
    return this.participation.show(params.id, query);
  }

  @Handles('showStateHashes')
  stateHashes(@Input() { params }: InputOf<'showStateHashes'>): Promise<ResponseOf<'showStateHashes'>> {
    return this.participation.stateHashes(params.id);
  }

  @Handles('showDisclosure')
  disclosure(@Input() { params }: InputOf<'showDisclosure'>): Promise<ResponseOf<'showDisclosure'>> {
    return this.disclosures.show(params.id);
  }

  @Handles('listDisclosures')
  listDisclosures(@Input() { params, query }: InputOf<'listDisclosures'>): Promise<ResponseOf<'listDisclosures'>> {
    return this.disclosures.page(params.id, query);
  }
}

/** The log of a run as people read it. */
@Controller()
export class RunEventsController {
  constructor(private readonly runs: RunRepository, private readonly events: RunEventRepository, private readonly statistics: RoundStatistics) {}

  @Handles('listRunEvents')
  async list(@Input() { params: { id }, query: { cursor, limit, kind } }: InputOf<'listRunEvents'>): Promise<ResponseOf<'listRunEvents'>> {
    if (await this.runs.find(id) === null) throw new FleetError('request.not-found', { field: 'id', problem: `There is no run ${id}.` });
    await this.statistics.settle();
    return this.events.page(id, { cursor, limit, kind });
  }
}
