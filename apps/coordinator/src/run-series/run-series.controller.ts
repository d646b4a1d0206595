import { Controller } from '@nestjs/common';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { SeriesService } from './series.service.js';

@Controller()
export class RunSeriesController {
  constructor(private readonly series: SeriesService) {}

  @Handles('showSeries')
  show(@Input() { params, query }: InputOf<'showSeries'>): Promise<ResponseOf<'showSeries'>> {
    return this.series.show(params.id, query);
  }
}
