import { Global, Module } from '@nestjs/common';
import { LeaseKeeper } from './lease-keeper.js';
import { LeaseRepository } from './lease.repository.js';
import { ReplicaNews } from './replica-news.js';

const shared = [LeaseKeeper, LeaseRepository, ReplicaNews];

@Global()
@Module({ providers: shared, exports: shared })
export class ReplicasModule {}
