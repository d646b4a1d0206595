import { Controller } from '@nestjs/common';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { CallingOperator } from '../operators/access.guard.js';
import { DeviceCallsService } from './device-calls.service.js';
import { DeviceTimeline } from './device-timeline.js';

@Controller()
export class DeviceCallsController {
  constructor(private readonly calls: DeviceCallsService, private readonly timeline: DeviceTimeline) {}

  @Handles('pingDevice')
  ping(@Input() { params }: InputOf<'pingDevice'>): Promise<ResponseOf<'pingDevice'>> {
    return this.calls.ping(params.id);
  }

  @Handles('resyncDevice')
  resync(@Input() { params }: InputOf<'resyncDevice'>): Promise<ResponseOf<'resyncDevice'>> {
    return this.calls.resync(params.id);
  }

  @Handles('diagnoseDevice')
  diagnose(@Input() { params }: InputOf<'diagnoseDevice'>): Promise<ResponseOf<'diagnoseDevice'>> {
    return this.calls.diagnose(params.id);
  }

  @Handles('showDeviceLog')
  log(@Input() { params, query }: InputOf<'showDeviceLog'>): Promise<ResponseOf<'showDeviceLog'>> {
    return this.calls.log(params.id, query);
  }

  @Handles('rotateDeviceKey')
  rotateKey(@CallingOperator() operator: string, @Input() { params }: InputOf<'rotateDeviceKey'>): Promise<ResponseOf<'rotateDeviceKey'>> {
    return this.calls.rotateKey(operator, params.id);
  }

  @Handles('listDeviceTimeline')
  listTimeline(@Input() { params, query }: InputOf<'listDeviceTimeline'>): Promise<ResponseOf<'listDeviceTimeline'>> {
    return this.timeline.page(params.id, query);
  }
}
