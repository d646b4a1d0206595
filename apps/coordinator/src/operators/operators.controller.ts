import { Controller } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles } from '../app/handles.js';
import { CurrentCaller, type Caller } from './access.guard.js';

@Controller()
export class OperatorsController {
  @Handles('whoami')
  whoami(@CurrentCaller() caller: Caller): ResponseOf<'whoami'> {
    if (caller.kind !== 'operator') throw new InvariantError('whoami was reached without an operator');
    return { name: caller.name, role: caller.role };
  }
}
