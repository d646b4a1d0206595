import { Global, Module } from '@nestjs/common';
import { AccessEnds } from './access-ends.js';
import { AccessRepository } from './access.repository.js';
import { ApiTokensService } from './api-tokens.service.js';
import { AuditController } from './audit.controller.js';
import { AuditLog } from './audit-log.js';
import { AuditRepository } from './audit.repository.js';
import { FirstLogin } from './first-login.js';
import { IdentityController } from './identity.controller.js';
import { IdentityProvider } from './identity-provider.js';
import { IdentitySignInService } from './identity-sign-in.service.js';
import { OperatorRepository } from './operator.repository.js';
import { OperatorsController } from './operators.controller.js';
import { OperatorsService } from './operators.service.js';
import { PasswordHasher } from './password-hasher.js';
import { SignInController } from './sign-in.controller.js';
import { SignInLock } from './sign-in-lock.js';
import { SignInService } from './sign-in.service.js';

@Global()
@Module({
  controllers: [OperatorsController, SignInController, IdentityController, AuditController],
  providers: [OperatorsService, OperatorRepository, ApiTokensService, AccessRepository, SignInService, IdentitySignInService, IdentityProvider, SignInLock, PasswordHasher, FirstLogin, AuditLog, AuditRepository, AccessEnds],
  exports: [AccessEnds, ApiTokensService, SignInService, AuditLog],
})
export class OperatorsModule {}
