import { once } from 'node:events';
import { Controller, Res } from '@nestjs/common';
import { octetStream, type ResponseOf } from '@seedfleet/protocol';
import { type Response } from 'express';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { AuditLog } from './audit-log.js';

@Controller()
export class AuditController {
  constructor(private readonly audit: AuditLog) {}

  @Handles('verifyAudit')
  verify(): Promise<ResponseOf<'verifyAudit'>> {
    return this.audit.verify();
  }

  @Handles('exportAudit')
  async export(@Res() response: Response): Promise<void> {
    response.type(octetStream).set('Content-Disposition', 'attachment; filename="audit.jsonl"');
    for await (const line of this.audit.lines()) {
      if (response.destroyed) return;
      if (!response.write(line)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end();
  }

  @Handles('listAuditEntries')
  list(@Input() { query }: InputOf<'listAuditEntries'>): Promise<ResponseOf<'listAuditEntries'>> {
    return this.audit.page(query);
  }
}
