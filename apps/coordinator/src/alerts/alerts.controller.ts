import { Controller } from '@nestjs/common';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { ExpectedRevision } from '../app/revisions.js';
import { CallingOperator } from '../operators/access.guard.js';
import { AlertsService } from './alerts.service.js';

@Controller()
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @Handles('listAlerts')
  list(@Input() { query }: InputOf<'listAlerts'>): Promise<ResponseOf<'listAlerts'>> {
    return this.alerts.page(query);
  }

  @Handles('listAlertRules')
  rules(): Promise<ResponseOf<'listAlertRules'>> {
    return this.alerts.rules();
  }

  @Handles('createAlertRule')
  createRule(@CallingOperator() operator: string, @Input() { body }: InputOf<'createAlertRule'>): Promise<ResponseOf<'createAlertRule'>> {
    return this.alerts.createRule(operator, body);
  }

  @Handles('changeAlertRule')
  changeRule(@CallingOperator() operator: string, @ExpectedRevision() expected: number | null, @Input() { params, body }: InputOf<'changeAlertRule'>): Promise<ResponseOf<'changeAlertRule'>> {
    return this.alerts.changeRule(operator, params.id, body, expected);
  }

  @Handles('silenceAlertRule')
  silence(@CallingOperator() operator: string, @Input() { params, body }: InputOf<'silenceAlertRule'>): Promise<ResponseOf<'silenceAlertRule'>> {
    return this.alerts.silence(operator, params.id, body);
  }

  @Handles('deleteAlertRule')
  deleteRule(@CallingOperator() operator: string, @ExpectedRevision() expected: number | null, @Input() { params }: InputOf<'deleteAlertRule'>): Promise<void> {
    return this.alerts.deleteRule(operator, params.id, expected);
  }

  @Handles('listAlertChannels')
  channels(): Promise<ResponseOf<'listAlertChannels'>> {
    return this.alerts.channels();
  }

  @Handles('createAlertChannel')
  createChannel(@CallingOperator() operator: string, @Input() { body }: InputOf<'createAlertChannel'>): Promise<ResponseOf<'createAlertChannel'>> {
    return this.alerts.createChannel(operator, body);
  }

  @Handles('deleteAlertChannel')
  deleteChannel(@CallingOperator() operator: string, @Input() { params }: InputOf<'deleteAlertChannel'>): Promise<void> {
    return this.alerts.deleteChannel(operator, params.id);
  }

  @Handles('testAlertChannel')
  testChannel(@CallingOperator() operator: string, @Input() { params }: InputOf<'testAlertChannel'>): Promise<ResponseOf<'testAlertChannel'>> {
    return this.alerts.testChannel(operator, params.id);
  }
}
