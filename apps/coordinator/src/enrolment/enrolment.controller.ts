import { Controller, UseGuards } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { CallingOperator } from '../operators/access.guard.js';
import { EnrolmentService } from './enrolment.service.js';

@Controller()
export class EnrolmentController {
  constructor(private readonly enrolment: EnrolmentService) {}

  @Handles('createEnrolmentToken')
  create(@CallingOperator() operator: string, @Input() { body }: InputOf<'createEnrolmentToken'>): Promise<ResponseOf<'createEnrolmentToken'>> {
    return this.enrolment.createToken(operator, body);
  }

  @Handles('createReturnToken')
  createForReturn(@CallingOperator() operator: string, @Input() { params, body }: InputOf<'createReturnToken'>): Promise<ResponseOf<'createReturnToken'>> {
    return this.enrolment.createReturnToken(operator, params.id, body);
  }

  @Handles('listEnrolmentTokens')
  list(): Promise<ResponseOf<'listEnrolmentTokens'>> {
    return this.enrolment.listTokens();
  }

  @Handles('deleteEnrolmentToken')
  delete(@CallingOperator() operator: string, @Input() { params }: InputOf<'deleteEnrolmentToken'>): Promise<void> {
    return this.enrolment.deleteToken(operator, params.id);
  }

  @UseGuards(ThrottlerGuard)
  @Handles('enrolDevice')
  enrol(@Input() { body }: InputOf<'enrolDevice'>): Promise<ResponseOf<'enrolDevice'>> {
    return this.enrolment.enrol(body);
  }
}
