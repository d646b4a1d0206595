import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { FleetError, toRefusal } from '@seedfleet/errors';
import { Logger } from '../app/logger.js';
import { type DeviceSocket } from '../devices/presence.js';

/** Answers a message that failed in its ack, and without one by session:refused. The socket stays up; nothing is echoed. */
@Catch()
export class AckFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const socket = host.switchToWs().getClient<DeviceSocket>();
    if (!(error instanceof FleetError)) this.logger.failure('message.failed', error, { device: socket.data.device, event: host.switchToWs().getPattern() });
    const refusal = toRefusal(error);
    const answer: unknown = host.getArgs().find((argument) => typeof argument === 'function');
    if (typeof answer === 'function') answer({ ok: false, error: refusal });
    else socket.emit('session:refused', { error: refusal });
  }
}
