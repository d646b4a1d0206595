import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Req, Res } from '@nestjs/common';
import { octetStream, type ResponseOf } from '@seedfleet/protocol';
import { type Request, type Response } from 'express';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { sendBytes, sendFile } from '../app/send-bytes.js';
import { CallingOperator, CurrentCaller, type Caller } from '../operators/access.guard.js';
import { RunPreviews } from './run-previews.js';
import { RunAccess } from './run-access.js';
import { RunViews } from './run-views.js';
import { RunsService } from './runs.service.js';

type One = InputOf<'showRun'>;

@Controller()
export class RunsController {
  constructor(private readonly runs: RunsService, private readonly views: RunViews, private readonly access: RunAccess, private readonly previews: RunPreviews) {}

  @Handles('createRun')
  create(@CallingOperator() operator: string, @Input() { body }: InputOf<'createRun'>): Promise<ResponseOf<'createRun'>> {
    return this.runs.create(operator, body);
  }

  @Handles('previewRun')
  preview(@Input() { body }: InputOf<'previewRun'>): Promise<ResponseOf<'previewRun'>> {
    return this.previews.preview(body);
  }

  @Handles('showRunRequest')
  request(@Input() { params }: One): Promise<ResponseOf<'showRunRequest'>> {
    return this.runs.requestOf(params.id);
  }

  @Handles('branchRun')
  branch(@CallingOperator() operator: string, @Input() { params, body }: InputOf<'branchRun'>): Promise<ResponseOf<'branchRun'>> {
    return this.runs.branch(operator, params.id, body);
  }

  @Handles('listRuns')
  list(@Input() { query }: InputOf<'listRuns'>): Promise<ResponseOf<'listRuns'>> {
    return this.runs.page(query);
  }

  @Handles('showRun')
  show(@Input() { params }: One): Promise<ResponseOf<'showRun'>> {
    return this.runs.show(params.id);
  }

  @Handles('startRun')
  start(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'startRun'>> {
    return this.runs.start(operator, params.id);
  }

  @Handles('pauseRun')
  pause(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'pauseRun'>> {
    return this.runs.pause(operator, params.id);
  }

  @Handles('resumeRun')
  resume(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'resumeRun'>> {
    return this.runs.resume(operator, params.id);
  }

  @Handles('stopRun')
  stop(@CallingOperator() operator: string, @Input() { params }: One): Promise<ResponseOf<'stopRun'>> {
    return this.runs.stop(operator, params.id);
  }

  @Handles('showManifest')
  async manifest(@CurrentCaller() caller: Caller, @Input() { params }: One): Promise<ResponseOf<'showManifest'>> {
    await this.access.require(caller, params.id);
    return this.views.manifest(params.id);
  }

  @Handles('downloadLog')
  async log(@CurrentCaller() caller: Caller, @Input() { params, query }: InputOf<'downloadLog'>, @Res() response: Response): Promise<void> {
    await this.access.require(caller, params.id);
    response.type(octetStream);
    await pipeline(Readable.from(this.views.log(params.id, query.from), { objectMode: true }), response);
  }

  @Handles('downloadCheckpoint')
  async checkpoint(@CurrentCaller() caller: Caller, @Input() { params, query }: InputOf<'downloadCheckpoint'>, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.access.require(caller, params.id);
    sendBytes(request, response, await this.views.checkpoint(params.id, query.round));
  }

  @Handles('downloadRunFile')
  async file(@CurrentCaller() caller: Caller, @Input() { params, query }: InputOf<'downloadRunFile'>, @Res() response: Response): Promise<void> {
    await sendFile(response, await this.access.locateFile(caller, { run: params.id, path: query.path }));
  }

  @Handles('listRounds')
  rounds(@Input() { params, query }: InputOf<'listRounds'>): Promise<ResponseOf<'listRounds'>> {
    return this.views.rounds(params.id, query);
  }

  @Handles('listEvaluations')
  evaluations(@Input() { params }: One): Promise<ResponseOf<'listEvaluations'>> {
    return this.views.evaluations(params.id);
  }

  @Handles('summariseAssignments')
  assignmentSummary(@Input() { params }: One): Promise<ResponseOf<'summariseAssignments'>> {
    return this.views.assignmentSummary(params.id);
  }

  @Handles('listAssignments')
  assignments(@Input() { params, query }: InputOf<'listAssignments'>): Promise<ResponseOf<'listAssignments'>> {
    return this.views.assignments(params.id, query);
  }

  @Handles('listArtifacts')
  artifacts(@Input() { params }: One): Promise<ResponseOf<'listArtifacts'>> {
    return this.views.artifacts(params.id);
  }

  @Handles('downloadArtifact')
  async artifact(@Input() { params }: InputOf<'downloadArtifact'>, @Req() request: Request, @Res() response: Response): Promise<void> {
    sendBytes(request, response, await this.views.artifactBody(params.id));
  }
}
