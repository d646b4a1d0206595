import { Controller, Req, Res } from '@nestjs/common';
import { type ResponseOf } from '@seedfleet/protocol';
import { type Request, type Response } from 'express';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { CallingOperator } from '../operators/access.guard.js';
import { sendFile } from '../app/send-bytes.js';
import { ModelsService } from './models.service.js';

@Controller()
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  @Handles('createModel')
  create(@CallingOperator() operator: string, @Input() { body }: InputOf<'createModel'>): Promise<ResponseOf<'createModel'>> {
    return this.models.create(operator, body);
  }

  @Handles('listModels')
  list(): Promise<ResponseOf<'listModels'>> {
    return this.models.list();
  }

  @Handles('showModel')
  show(@Input() { params }: InputOf<'showModel'>): Promise<ResponseOf<'showModel'>> {
    return this.models.show(params.id);
  }

  @Handles('uploadModelFile')
  upload(@Input() { params, query }: InputOf<'uploadModelFile'>, @Req() request: Request): Promise<ResponseOf<'uploadModelFile'>> {
    return this.models.upload({ id: params.id, path: query.path, offset: request.get('Upload-Offset'), source: request });
  }

  @Handles('downloadModelFile')
  async download(@Input() { params, query }: InputOf<'downloadModelFile'>, @Res() response: Response): Promise<void> {
    await sendFile(response, await this.models.locate(params.id, query.path));
  }
}
