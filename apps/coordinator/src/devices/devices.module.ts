import { Global, Module } from '@nestjs/common';
import { DeviceAccess } from './device-access.js';
import { DeviceRepository } from './device.repository.js';
import { DevicesController } from './devices.controller.js';
import { DevicesService } from './devices.service.js';
import { Presence } from './presence.js';

@Global()
@Module({ controllers: [DevicesController], providers: [DevicesService, DeviceAccess, DeviceRepository, Presence], exports: [DeviceAccess, DeviceRepository, Presence] })
export class DevicesModule {}
