import { WebSocketGateway } from '@nestjs/websockets';
import { type MessageOf } from '@seedfleet/protocol';
import { type DeviceSession } from '../devices/presence.js';
import { Answers, Message, Sender, type Ack } from '../sessions/answers.js';
import { AssignmentsService } from './assignments.service.js';

@WebSocketGateway({ namespace: '/device' })
export class AssignmentsGateway {
  constructor(private readonly assignments: AssignmentsService) {}

  @Answers('run:prepared')
  prepared(@Sender() { device }: DeviceSession, @Message() message: MessageOf<'run:prepared'>): Ack<'run:prepared'> {
    return this.assignments.prepared(device, message);
  }

  @Answers('ledger:tail')
  tail(@Sender() { device }: DeviceSession, @Message() message: MessageOf<'ledger:tail'>): Ack<'ledger:tail'> {
    return this.assignments.tail(device, message);
  }
}
