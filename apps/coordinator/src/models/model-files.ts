import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { settingsToken } from '../app/surroundings.module.js';
import { type Settings } from '../app/settings.js';
import { serverLimits } from '../app/limits.js';

export interface FileOfModel {
  model: string;
  /** relative, checked by the protocol: no step upwards, no hidden part */
  path: string;
}

/** The bytes of base models: HOME/models/<id>/<path>, as `<path>.part` until the hash was checked. */
@Injectable()
export class ModelFiles {
  readonly root: string;

  constructor(@Inject(settingsToken) settings: Settings) {
    this.root = join(settings.home, 'models');
  }

  pathOf({ model, path }: FileOfModel): string {
    return join(this.root, model, path);
  }

  /** Bytes that have arrived. */
  received(file: FileOfModel): number {
    const path = this.pathOf(file);
    if (existsSync(path)) return statSync(path).size;
    return existsSync(`${path}.part`) ? statSync(`${path}.part`).size : 0;
  }

  /**
   * Appends what comes. A connection that breaks leaves what arrived: the next upload goes on there.
   * @param room bytes that the file may still take
   * @throws FleetError `upload.too-long`, `request.too-large`
   */
  async append(file: FileOfModel, source: Readable, room: number): Promise<void> {
    const part = `${this.pathOf(file)}.part`;
    await mkdir(dirname(part), { recursive: true, mode: 0o700 });
    await pipeline(source, atMost(room), createWriteStream(part, { flags: 'a', mode: 0o600, flush: true }));
  }

  /** @returns hex SHA-256 of what arrived */
  async hashOfPart(file: FileOfModel): Promise<string> {
    const hash = createHash('sha256');
    await pipeline(createReadStream(`${this.pathOf(file)}.part`), hash);
    return hash.digest('hex');
  }

  /** The part is the file from now on. */
  async finish(file: FileOfModel): Promise<void> {
    const path = this.pathOf(file);
    await rename(`${path}.part`, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync();
    await folder.close();
  }

  async discardPart(file: FileOfModel): Promise<void> {
    await rm(`${this.pathOf(file)}.part`, { force: true });
  }

  async read(file: FileOfModel): Promise<Uint8Array> {
    return readFile(this.pathOf(file));
  }
}

function atMost(room: number): Transform {
  let taken = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      taken += chunk.length;
      if (taken > room) done(new FleetError('upload.too-long', { problem: `The file may take ${room} more bytes; more came.` }));
      else if (taken > serverLimits.uploadPieceBytesMax) done(new FleetError('request.too-large', { problem: `One piece ends at ${serverLimits.uploadPieceBytesMax} bytes.` }));
      else done(null, chunk);
    },
  });
}
