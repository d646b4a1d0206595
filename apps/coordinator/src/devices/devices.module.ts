import { Global, Module } from '@nestjs/common';
import { GroupRepository } from '../groups/group.repository.js';
import { Challenges } from './challenges.js';
import { ConnectionRepository } from './connection.repository.js';
import { ConnectionsService } from './connections.service.js';
import { DeviceAccess } from './device-access.js';
import { DeviceKeys } from './device-keys.js';
import { DeviceFilters } from './device-filters.js';
import { DeviceRepository } from './device.repository.js';
import { DevicesController } from './devices.controller.js';
import { DevicesService } from './devices.service.js';
import { KeyRepository } from './key.repository.js';
import { Presence } from './presence.js';
import { TurnAway } from './turn-away.js';

@Global()
@Module({ controllers: [DevicesController], providers: [DevicesService, ConnectionsService, ConnectionRepository, DeviceKeys, KeyRepository, TurnAway, Challenges, DeviceAccess, DeviceFilters, DeviceRepository, GroupRepository, Presence], exports: [DevicesService, ConnectionsService, DeviceKeys, DeviceAccess, DeviceFilters, DeviceRepository, GroupRepository, Presence] })
export class DevicesModule {}
