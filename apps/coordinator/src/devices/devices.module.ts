import { Global, Module } from '@nestjs/common';
import { GroupRepository } from '../groups/group.repository.js';
import { Challenges } from './challenges.js';
import { ConnectionRepository } from './connection.repository.js';
import { ConnectionsService } from './connections.service.js';
import { CheckRepository } from './check.repository.js';
import { DeviceAccess } from './device-access.js';
import { DeviceKeys } from './device-keys.js';
import { DeviceCallsController } from './device-calls.controller.js';
import { DeviceCallsService } from './device-calls.service.js';
import { DeviceLine } from './device-line.js';
import { DeviceTimeline } from './device-timeline.js';
import { TimelineRepository } from './timeline.repository.js';
import { DeviceFilters } from './device-filters.js';
import { DeviceRepository } from './device.repository.js';
import { DevicesController } from './devices.controller.js';
import { DevicesService } from './devices.service.js';
import { KeyRepository } from './key.repository.js';
import { Presence } from './presence.js';
import { TurnAway } from './turn-away.js';

@Global()
@Module({ controllers: [DevicesController, DeviceCallsController], providers: [DevicesService, ConnectionsService, ConnectionRepository, DeviceKeys, KeyRepository, TurnAway, CheckRepository, DeviceCallsService, DeviceLine, DeviceTimeline, TimelineRepository, Challenges, DeviceAccess, DeviceFilters, DeviceRepository, GroupRepository, Presence], exports: [DevicesService, ConnectionsService, DeviceKeys, DeviceAccess, DeviceFilters, DeviceRepository, GroupRepository, Presence] })
export class DevicesModule {}
