import { Controller, UseGuards } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { ExpectedTag, Tagged } from '../app/revisions.js';
import { CallingOperator } from '../operators/access.guard.js';
import { DeviceAccess } from './device-access.js';
import { DeviceKeys } from './device-keys.js';
import { deviceParts, DevicesService } from './devices.service.js';

type One = InputOf<'showDevice'>;

@Controller()
export class DevicesController {
  constructor(private readonly devices: DevicesService, private readonly access: DeviceAccess, private readonly keys: DeviceKeys) {}

  @Handles('listDevices')
  list(@Input() { query }: InputOf<'listDevices'>): Promise<ResponseOf<'listDevices'>> {
    return this.devices.page(query);
  }

  @Handles('countDevices')
  count(@Input() { query }: InputOf<'countDevices'>): Promise<ResponseOf<'countDevices'>> {
    return this.devices.count(query);
  }

  @Handles('changeDevices')
  changeMany(@CallingOperator() operator: string, @Input() { body }: InputOf<'changeDevices'>): Promise<ResponseOf<'changeDevices'>> {
    return this.devices.changeMany(operator, body);
  }

  @Tagged(deviceParts)
  @Handles('showDevice')
  show(@Input() { params }: One): Promise<ResponseOf<'showDevice'>> {
    return this.devices.detail(params.id);
  }

  @Handles('approveDevice')
  approve(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'approveDevice'>> {
    return this.devices.change(operator, params.id, 'approve');
  }

  @Handles('suspendDevice')
  suspend(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'suspendDevice'>> {
    return this.devices.change(operator, params.id, 'suspend');
  }

  @Handles('resumeDevice')
  resume(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'resumeDevice'>> {
    return this.devices.change(operator, params.id, 'resume');
  }

  @Handles('revokeDevice')
  revoke(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'revokeDevice'>> {
    return this.devices.change(operator, params.id, 'revoke');
  }

  @Tagged(deviceParts)
  @Handles('changeDeviceTags')
  changeTags(@CallingOperator() operator: string, @ExpectedTag() expected: string | null, @Input() { params, body }: InputOf<'changeDeviceTags'>): Promise<ResponseOf<'changeDeviceTags'>> {
    return this.devices.changeTags(operator, params.id, body, expected);
  }

  @UseGuards(ThrottlerGuard)
  @Handles('changeDeviceKey')
  changeKey(@Input() { body }: InputOf<'changeDeviceKey'>): Promise<ResponseOf<'changeDeviceKey'>> {
    return this.keys.rotate(body);
  }

  @UseGuards(ThrottlerGuard)
  @Handles('createChallenge')
  challenge(@Input() { body }: InputOf<'createChallenge'>): Promise<ResponseOf<'createChallenge'>> {
    return this.access.challenge(body.device);
  }

  @UseGuards(ThrottlerGuard)
  @Handles('createCredential')
  credential(@Input() { body }: InputOf<'createCredential'>): Promise<ResponseOf<'createCredential'>> {
    return this.access.credential(body);
  }
}
