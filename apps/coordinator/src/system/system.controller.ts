import { Controller } from '@nestjs/common';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles } from '../app/handles.js';
import { Clock } from '../app/surroundings.js';
import { OverviewRepository } from './overview.repository.js';
import { SystemService } from './system.service.js';

@Controller()
export class SystemController {
  constructor(private readonly system: SystemService, private readonly overview: OverviewRepository, private readonly clock: Clock) {}

  @Handles('showSystem')
  show(): Promise<ResponseOf<'showSystem'>> {
    return this.system.look();
  }

  @Handles('showOverview')
  async showOverview(): Promise<ResponseOf<'showOverview'>> {
    const now = this.clock.now();
    return { hours: await this.overview.findHours(now), attention: await this.overview.findAttention(now) };
  }
}
