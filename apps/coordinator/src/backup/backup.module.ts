import { Module } from '@nestjs/common';
import { SnapshotDoor } from './snapshot-door.js';

@Module({ providers: [SnapshotDoor] })
export class BackupModule {}
