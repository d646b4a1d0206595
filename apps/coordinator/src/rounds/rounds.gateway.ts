import { WebSocketGateway } from '@nestjs/websockets';
import { type MessageOf } from '@seedfleet/protocol';
import { type DeviceSession } from '../devices/presence.js';
import { Answers, Message, Sender, type Ack } from '../sessions/answers.js';
import { RoundsService } from './rounds.service.js';

@WebSocketGateway({ namespace: '/device' })
export class RoundsGateway {
  constructor(private readonly rounds: RoundsService) {}

  @Answers('round:report')
  report(@Sender() { device }: DeviceSession, @Message() report: MessageOf<'round:report'>): Ack<'round:report'> {
    return this.rounds.record(device, report);
  }

  @Answers('evaluation:report')
  evaluation(@Sender() { device }: DeviceSession, @Message() report: MessageOf<'evaluation:report'>): Ack<'evaluation:report'> {
    return this.rounds.recordEvaluation(device, report);
  }
}
