import { Controller } from '@nestjs/common';
import { type ResponseOf } from '@seedfleet/protocol';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { ExpectedRevision } from '../app/revisions.js';
import { CallingOperator } from '../operators/access.guard.js';
import { GroupsService } from './groups.service.js';

@Controller()
export class GroupsController {
  constructor(private readonly groups: GroupsService) {}

  @Handles('createGroup')
  create(@CallingOperator() operator: string, @Input() { body }: InputOf<'createGroup'>): Promise<ResponseOf<'createGroup'>> {
    return this.groups.create(operator, body);
  }

  @Handles('listGroups')
  list(): Promise<ResponseOf<'listGroups'>> {
    return this.groups.list();
  }

  @Handles('showGroup')
  show(@Input() { params }: InputOf<'showGroup'>): Promise<ResponseOf<'showGroup'>> {
    return this.groups.show(params.id);
  }

  @Handles('changeGroup')
  change(@CallingOperator() operator: string, @ExpectedRevision() expected: number | null, @Input() { params, body }: InputOf<'changeGroup'>): Promise<ResponseOf<'changeGroup'>> {
    return this.groups.change(operator, params.id, body, expected);
  }

  @Handles('deleteGroup')
  delete(@CallingOperator() operator: string, @ExpectedRevision() expected: number | null, @Input() { params }: InputOf<'deleteGroup'>): Promise<void> {
    return this.groups.delete(operator, params.id, expected);
  }

  @Handles('addGroupMembers')
  addMembers(@CallingOperator() operator: string, @Input() { params, body }: InputOf<'addGroupMembers'>): Promise<ResponseOf<'addGroupMembers'>> {
    return this.groups.changeMembers(operator, params.id, body, 'add');
  }

  @Handles('removeGroupMembers')
  removeMembers(@CallingOperator() operator: string, @Input() { params, body }: InputOf<'removeGroupMembers'>): Promise<ResponseOf<'removeGroupMembers'>> {
    return this.groups.changeMembers(operator, params.id, body, 'remove');
  }
}
