import { Global, Module } from '@nestjs/common';
import { AuditLog } from './audit-log.js';
import { AuditRepository } from './audit.repository.js';
import { OperatorRepository } from './operator.repository.js';
import { OperatorsController } from './operators.controller.js';
import { OperatorsService } from './operators.service.js';

@Global()
@Module({ controllers: [OperatorsController], providers: [OperatorsService, OperatorRepository, AuditLog, AuditRepository], exports: [OperatorsService, AuditLog] })
export class OperatorsModule {}
