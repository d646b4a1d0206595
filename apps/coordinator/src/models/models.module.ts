import { Module } from '@nestjs/common';
import { ModelFiles } from './model-files.js';
import { ModelRepository } from './model.repository.js';
import { ModelsController } from './models.controller.js';
import { ModelsService } from './models.service.js';

@Module({ controllers: [ModelsController], providers: [ModelsService, ModelRepository, ModelFiles], exports: [ModelsService] })
export class ModelsModule {}
