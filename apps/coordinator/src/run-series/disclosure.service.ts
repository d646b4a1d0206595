import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type SignedManifest } from '@seedfleet/ledger';
import { ackBytes, commitPacketBytes, reportPacketBytes, startBytes, type ResponseOf, type RunDisclosure } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { RunRepository } from '../runs/run.repository.js';
import { DisclosureRepository } from './disclosure.repository.js';
import { RoundStatistics } from './round-statistics.js';
import { RunDeviceCounts } from './run-device-counts.js';

/** Sums of one device over its held-out examples: loss, correct, count. */
const evaluationNumbers = 3;

/** What left the devices of a run, in numbers and bytes. */
@Injectable()
export class DisclosureService {
  constructor(private readonly runs: RunRepository, private readonly disclosures: DisclosureRepository, private readonly devices: RunDeviceCounts, private readonly statistics: RoundStatistics) {}

  async show(run: number): Promise<RunDisclosure> {
    const { estimator, privacy } = (await this.require(run)).manifest;
    await this.statistics.settle();
    const { asked, reports, counted, commits, evaluated, classNumbers, keptFrom } = await this.disclosures.totals(run);
    const devices = await this.devices.inRun(run);
    const { queries } = estimator;
    return {
      queries, devices, reports, countedReports: counted, differences: reports * queries, evaluationNumbers: evaluated * evaluationNumbers + classNumbers,
      bytesUp: reports * reportPacketBytes(queries) + asked * ackBytes.start, bytesDown: asked * startBytes(queries) + reports * ackBytes.report + commits * devices * commitPacketBytes(estimator),
      reportsKeptFrom: keptFrom, mechanism: privacy.type,
    };
  }

  async page(run: number, { cursor = '', limit }: InputOf<'listDisclosures'>['query']): Promise<ResponseOf<'listDisclosures'>> {
    const { queries } = (await this.require(run)).manifest.estimator;
    const rows = await this.disclosures.page(run, { after: cursor, limit });
    return {
      items: rows.map(({ device, name, reports, examples, last }) => ({ device, name, reports, examples, differences: reports * queries, bytesUp: reports * (reportPacketBytes(queries) + ackBytes.start), lastReportAt: last?.toISOString() ?? null })),
      next: rows.length < limit ? null : rows.at(-1)?.device ?? null,
    };
  }

  private async require(run: number): Promise<SignedManifest> {
    const signed = await this.runs.findManifest(run);
    if (signed === null) throw new FleetError('request.not-found', { field: 'id', problem: `There is no run ${run}.` });
    return signed;
  }
}
