import { Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { LiveAdmission } from './live-admission.js';
import { LiveChanges } from './live-changes.js';
import { LiveGateway } from './live.gateway.js';
import { LiveInterceptor } from './live-interceptor.js';

/** What changes is pushed to operators who look at it. */
@Global()
@Module({ providers: [LiveChanges, LiveGateway, LiveAdmission, { provide: APP_INTERCEPTOR, useClass: LiveInterceptor }], exports: [LiveChanges] })
export class LiveModule {}
