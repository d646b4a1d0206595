import { Controller } from '@nestjs/common';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { ExpectedTag, Tagged } from '../app/revisions.js';
import { CallingOperator, CurrentOperator, type OperatorCaller } from './access.guard.js';
import { ApiTokensService } from './api-tokens.service.js';
import { operatorParts, OperatorsService } from './operators.service.js';

type One = InputOf<'disableOperator'>;

@Controller()
export class OperatorsController {
  constructor(private readonly operators: OperatorsService, private readonly tokens: ApiTokensService) {}

  @Handles('whoami')
  whoami(@CurrentOperator() { name, role }: OperatorCaller): ResponseOf<'whoami'> {
    return { name, role };
  }

  @Handles('listOperators')
  list(): Promise<ResponseOf<'listOperators'>> {
    return this.operators.list();
  }

  @Tagged(operatorParts)
  @Handles('showOperator')
  show(@Input() { params }: InputOf<'showOperator'>): Promise<ResponseOf<'showOperator'>> {
    return this.operators.show(params.id);
  }

  @Handles('inviteOperator')
  invite(@CallingOperator() operator: string, @Input() { body }: InputOf<'inviteOperator'>): Promise<ResponseOf<'inviteOperator'>> {
    return this.operators.invite(operator, body);
  }

  @Handles('renewInvitation')
  renewInvitation(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'renewInvitation'>> {
    return this.operators.renewInvitation(operator, params.id);
  }

  @Tagged(operatorParts)
  @Handles('changeOperatorRole')
  changeRole(@CallingOperator() operator: string, @ExpectedTag() expected: string | null, @Input() { params, body }: InputOf<'changeOperatorRole'>): Promise<ResponseOf<'changeOperatorRole'>> {
    return this.operators.changeRole(operator, params.id, body.role, expected);
  }

  @Tagged(operatorParts)
  @Handles('disableOperator')
  disable(@CallingOperator() operator: string, @ExpectedTag() expected: string | null, @Input() { params }: One): Promise<ResponseOf<'disableOperator'>> {
    return this.operators.disable(operator, params.id, expected);
  }

  @Tagged(operatorParts)
  @Handles('enableOperator')
  enable(@CallingOperator() operator: string, @ExpectedTag() expected: string | null, @Input() { params }: One): Promise<ResponseOf<'enableOperator'>> {
    return this.operators.enable(operator, params.id, expected);
  }

  @Handles('createApiToken')
  createToken(@CurrentOperator() operator: OperatorCaller, @Input() { body }: InputOf<'createApiToken'>): Promise<ResponseOf<'createApiToken'>> {
    return this.tokens.create(operator, body);
  }

  @Handles('listApiTokens')
  listTokens(@CurrentOperator() operator: OperatorCaller): Promise<ResponseOf<'listApiTokens'>> {
    return this.tokens.list(operator);
  }

  @Handles('deleteApiToken')
  deleteToken(@CurrentOperator() operator: OperatorCaller, @Input() { params }: InputOf<'deleteApiToken'>): Promise<void> {
    return this.tokens.revoke(operator, params.id);
  }
}
