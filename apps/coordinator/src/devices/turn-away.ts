import { Injectable } from '@nestjs/common';
import { toRefusal } from '@seedfleet/errors';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { ReplicaNews, type News } from '../replicas/replica-news.js';
import { DeviceRepository } from './device.repository.js';
import { Presence } from './presence.js';
import { refusalOfState } from './refusal-of-state.js';

/** Ends the connection of a device that is no longer wanted as it is, wherever it is, and tells it why. */
@Injectable()
export class TurnAway {
  constructor(private readonly presence: Presence, private readonly news: ReplicaNews, repository: DeviceRepository, keeper: LeaseKeeper) {
    news.on('turned-away', ({ device, refusal }) => this.awayFromHere(device, refusal));
    keeper.whenBeaten(async () => {
      for (const { id, state } of await repository.findUnwelcome()) if (state !== 'active') this.awayFromHere(id, toRefusal(refusalOfState(state)));
    });
  }

  away(device: string, why: unknown): void {
    const refusal = toRefusal(why);
    if (this.presence.find(device) === undefined) this.news.tell({ type: 'turned-away', device, refusal });
    else this.awayFromHere(device, refusal);
  }

  private awayFromHere(device: string, refusal: Extract<News, { type: 'turned-away' }>['refusal']): void {
    const socket = this.presence.find(device);
    if (socket === undefined) return;
    socket.emit('session:refused', { error: refusal });
    socket.disconnect(true);
  }
}
