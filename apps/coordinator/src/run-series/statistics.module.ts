import { Module } from '@nestjs/common';
import { RoundStatistics } from './round-statistics.js';
import { RoundStatisticsRepository } from './round-statistics.repository.js';

/** Hears what runs do and keeps what plots show of it. */
@Module({ providers: [RoundStatistics, RoundStatisticsRepository], exports: [RoundStatistics] })
export class StatisticsModule {}
