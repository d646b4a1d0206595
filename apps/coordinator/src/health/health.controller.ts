import { Controller, Res } from '@nestjs/common';
import { protocolVersion, protocolVersionMin, type ResponseOf } from '@seedfleet/protocol';
import { type Response } from 'express';
import { Handles } from '../app/handles.js';
import { Readiness } from './readiness.js';
import { openApiDocument } from './openapi.js';
import { version } from './version.js';

@Controller()
export class HealthController {
  private readonly document = openApiDocument(version);

  constructor(private readonly readiness: Readiness) {}

  @Handles('livez')
  livez(): ResponseOf<'livez'> {
    return { status: 'ok', parts: { process: 'ok' } };
  }

  @Handles('readyz')
  async readyz(@Res({ passthrough: true }) response: Response): Promise<ResponseOf<'readyz'>> {
    const health = await this.readiness.look();
    if (health.status !== 'ok') response.status(503);
    return health;
  }

  @Handles('startupz')
  startupz(@Res({ passthrough: true }) response: Response): ResponseOf<'startupz'> {
    const health = this.readiness.started();
    if (health.status !== 'ok') response.status(503);
    return health;
  }

  @Handles('version')
  version(): ResponseOf<'version'> {
    return { version, protocol: { min: protocolVersionMin, max: protocolVersion }, node: process.version };
  }

  @Handles('openApi')
  openApi(): ResponseOf<'openApi'> {
    return this.document;
  }
}
