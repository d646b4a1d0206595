import { Injectable } from '@nestjs/common';
import { toHex } from '@seedfleet/ledger';
import { fileRoles, modelStates, pools, taskTypes, type TaskType } from '@seedfleet/protocol';
import { z } from 'zod';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';

const siteSchema = z.object({ name: z.string(), inputs: z.int(), outputs: z.int() });
export type ModelSite = z.infer<typeof siteSchema>;

export interface ModelFileRow {
  path: string;
  role: (typeof fileRoles)[number];
  /** hex */
  sha256: string;
  bytes: number;
  /** whole, with the right hash */
  done: boolean;
}

export interface ModelRow {
  id: string;
  name: string;
  output: string;
  inputs: { ids: string; mask?: string };
  /** null: the output is one vector an example, or logits */
  pool: (typeof pools)[number] | null;
  state: (typeof modelStates)[number];
  sites: ModelSite[];
  /** empty until it is ready */
  tasks: TaskType[];
  outputWidth: number | null;
  createdAt: Date;
  files: ModelFileRow[];
}

/** The only Prisma of base models. Their bytes are in ModelFiles. */
@Injectable()
export class ModelRepository {
  constructor(private readonly database: Database) {}

  async create(model: Omit<ModelRow, 'state' | 'sites' | 'tasks' | 'outputWidth' | 'files'> & { files: (Omit<ModelFileRow, 'sha256' | 'done'> & { sha256: Uint8Array })[] }, tx: Transaction): Promise<void> {
    const { inputs, files, ...rest } = model;
    await tx.baseModel.create({
      data: { ...rest, idsInput: inputs.ids, maskInput: inputs.mask ?? null, state: 'uploading', sites: [],
        files: { create: files.map((file) => ({ ...file, sha256: bytea(file.sha256), bytes: BigInt(file.bytes) })) } },
    });
  }

  async find(id: string): Promise<ModelRow | null> {
    const row = await this.database.prisma.baseModel.findUnique({ where: { id }, include: { files: { orderBy: { path: 'asc' } } } });
    return row === null ? null : toModel(row);
  }

  async list(): Promise<ModelRow[]> {
    const rows = await this.database.prisma.baseModel.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], include: { files: { orderBy: { path: 'asc' } } } });
    return rows.map(toModel);
  }

  async saveFileDone({ model, path }: { model: string; path: string }): Promise<void> {
    await this.database.prisma.modelFile.update({ where: { modelId_path: { modelId: model, path } }, data: { done: true } });
  }

  async saveReady(id: string, { sites, tasks, outputWidth }: Pick<ModelRow, 'sites' | 'tasks' | 'outputWidth'>): Promise<void> {
    await this.database.prisma.baseModel.update({ where: { id }, data: { state: 'ready', sites: sites.map((site) => ({ ...site })), tasks, outputWidth } });
  }
}

type StoredModel = NonNullable<Awaited<ReturnType<Database['prisma']['baseModel']['findUnique']>>> & { files: { path: string; role: string; sha256: Uint8Array; bytes: bigint; done: boolean }[] };

function toModel({ id, name, output, idsInput, maskInput, pool, state, sites, tasks, outputWidth, createdAt, files }: StoredModel): ModelRow {
  return {
    id, name, output, inputs: { ids: idsInput, ...(maskInput === null ? {} : { mask: maskInput }) }, pool: z.enum(pools).nullable().parse(pool), tasks: z.array(z.enum(taskTypes)).parse(tasks), state: z.enum(modelStates).parse(state), sites: z.array(siteSchema).parse(sites), outputWidth, createdAt,
    files: files.map((file) => ({ path: file.path, role: z.enum(fileRoles).parse(file.role), sha256: toHex(file.sha256), bytes: Number(file.bytes), done: file.done })),
  };
}
