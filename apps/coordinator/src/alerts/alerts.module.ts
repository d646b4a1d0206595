import { Module } from '@nestjs/common';
import { AlertRepository } from './alert.repository.js';
import { AlertSender } from './alert-sender.js';
import { AlertWatchService } from './alert-watch.service.js';
import { AlertsController } from './alerts.controller.js';
import { AlertsService } from './alerts.service.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { RunBudgets } from '../runs/run-budgets.js';
import { FleetFactReader } from './fleet-facts.js';

@Module({ imports: [RoundsModule], controllers: [AlertsController], providers: [AlertsService, AlertRepository, AlertSender, AlertWatchService, FleetFactReader, RunBudgets] })
export class AlertsModule {}
