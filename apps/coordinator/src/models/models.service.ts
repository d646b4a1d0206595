import { posix } from 'node:path';
import { type Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { fromHex } from '@seedfleet/ledger';
import { readModel, requireSites } from '@seedfleet/onnx';
import { type Model, type ModelFile } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { Clock, Luck } from '../app/surroundings.js';
import { AuditLog } from '../operators/audit-log.js';
import { ModelFiles, type FileOfModel } from './model-files.js';
import { ModelRepository, type ModelFileRow, type ModelRow } from './model.repository.js';
import { outputUseOf } from './output-use.js';
import { UploadOffsetError } from './upload-offset-error.js';

/** Base models: announced, uploaded piece by piece, inspected when the last byte is there. */
@Injectable()
export class ModelsService {
  /** one upload of a file at a time */
  private readonly busy = new Set<string>();

  constructor(
    private readonly repository: ModelRepository,
    private readonly files: ModelFiles,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  async create(operator: string, { name, output, inputs, pool, files }: InputOf<'createModel'>['body']): Promise<Model> {
    const id = this.luck.id('mod');
    await this.audit.change(async (tx, record) => {
      await this.repository.create({ id, name, output, inputs: { ids: inputs.ids, ...(inputs.mask === undefined ? {} : { mask: inputs.mask }) }, pool: pool ?? null, createdAt: this.clock.now(), files: files.map((file) => ({ ...file, sha256: fromHex(file.sha256) })) }, tx);
      await record({ actor: operator, action: 'model.create', subject: id, detail: { name } });
    });
    return this.show(id);
  }

  async list(): Promise<{ items: Model[] }> {
    return { items: (await this.repository.list()).map((row) => this.toModel(row)) };
  }

  async show(id: string): Promise<Model> {
    return this.toModel(await this.require(id));
  }

  /** @throws FleetError `request.not-found`, `model.not-ready` */
  async requireReady(id: string): Promise<ModelRow> {
    const row = await this.require(id);
    if (row.state !== 'ready') throw new FleetError('model.not-ready', { field: 'model', problem: `Files of the model ${id} are missing.` });
    return row;
  }

  /** @param offset of header Upload-Offset: where the sender believes that the file ends */
  async upload({ id, path, offset, source }: { id: string; path: string; offset: string | undefined; source: Readable }): Promise<ModelFile> {
    const file = await this.requireFile(id, path);
    const of = { model: id, path };
    const key = `${id}/${path}`;
    const received = this.files.received(of);
    if (offset !== String(received) || file.done || this.busy.has(key)) throw new UploadOffsetError(received);
    this.busy.add(key);
    try {
      await this.files.append(of, source, file.bytes - received);
      if (this.files.received(of) === file.bytes) await this.complete(of, file);
    } finally {
      this.busy.delete(key);
    }
    return this.toFile(id, file);
  }

  /** Where a whole file is on the disk. @throws FleetError `request.not-found`, `model.file-unknown`, `model.not-ready` */
  async locate(id: string, path: string): Promise<string> {
    const file = await this.requireFile(id, path);
    if (!file.done) throw new FleetError('model.not-ready', { field: 'path', problem: `The file ${path} has not been uploaded yet.` });
    return this.files.pathOf({ model: id, path });
  }

  private async complete(of: FileOfModel, { sha256 }: ModelFileRow): Promise<void> {
    const actual = await this.files.hashOfPart(of);
    if (actual !== sha256) {
      await this.files.discardPart(of);
      throw new FleetError('upload.hash', { field: 'sha256', problem: `The SHA-256 of ${of.path} is ${actual}, registered was ${sha256}.` });
    }
    await this.files.finish(of);
    await this.repository.saveFileDone(of);
    const model = await this.require(of.model);
    if (model.files.every(({ done }) => done)) await this.inspect(model);
  }

  private async inspect({ id, output, pool, files }: ModelRow): Promise<void> {
    const graphFile = files.find(({ role }) => role === 'model');
    if (graphFile === undefined) return;
    const folder = posix.dirname(graphFile.path);
    const bytes = await this.files.read({ model: id, path: graphFile.path });
    const model = readModel(bytes, { file: graphFile.path, external: (location) => files.some(({ path }) => path === posix.join(folder, location)) });
    const sites = requireSites(model, { file: graphFile.path }).sites.map(({ name, inputs, outputs }) => ({ name, inputs, outputs }));
    const { tasks, width } = outputUseOf(model, { output, pool: pool ?? undefined });
    await this.repository.saveReady(id, { sites, tasks, outputWidth: width });
  }

  private async requireFile(id: string, path: string): Promise<ModelFileRow> {
    const file = (await this.require(id)).files.find((candidate) => candidate.path === path);
    if (file === undefined) throw new FleetError('model.file-unknown', { field: 'path', problem: 'The model was not registered with a file of this path.' });
    return file;
  }

  private async require(id: string): Promise<ModelRow> {
    const row = await this.repository.find(id);
    if (row === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such model.' });
    return row;
  }

  private toModel({ id, name, state, output, inputs, pool, sites, tasks, outputWidth, createdAt, files }: ModelRow): Model {
    return { id, name, state, output, inputs, ...(pool === null ? {} : { pool }), files: files.map((file) => this.toFile(id, file)), sites, tasks, outputWidth, createdAt: createdAt.toISOString() };
  }

  private toFile(model: string, { path, role, sha256, bytes }: ModelFileRow): ModelFile {
    return { path, role, sha256, bytes, received: this.files.received({ model, path }) };
  }
}
