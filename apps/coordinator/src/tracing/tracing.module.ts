import { Module } from '@nestjs/common';
import { type Settings } from '../app/settings.js';
import { settingsToken } from '../app/surroundings.module.js';
import { Clock } from '../app/surroundings.js';
import { RoundTraces } from './round-traces.js';
import { openTraceSink } from './trace-sink.js';

@Module({
  providers: [{
    provide: RoundTraces, inject: [settingsToken, Clock],
    useFactory: async ({ traces }: Settings, clock: Clock) => new RoundTraces(traces === null ? null : await openTraceSink(traces), clock),
  }],
  exports: [RoundTraces],
})
export class TracingModule {}
