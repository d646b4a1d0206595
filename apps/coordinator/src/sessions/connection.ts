import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type DeviceSocket } from '../devices/presence.js';

/** The connection itself, for the one message that changes it. */
export const Connection = createParamDecorator((_: unknown, context: ExecutionContext): DeviceSocket => context.switchToWs().getClient<DeviceSocket>());
