import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadFile, requireInside } from './download-file.js';

const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const file = { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };

type Serve = (request: IncomingMessage, response: ServerResponse, from: number) => void;

const serveRange: Serve = (_request, response, from) => {
  response.writeHead(206, { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` });
  response.end(content.subarray(from));
};

/** A server that answers its requests one after the other as the list says, the last one again and again. */
async function withServer(serves: Serve[], run: (openRange: (offset: number) => Promise<Response>, offsets: number[]) => Promise<void>): Promise<void> {
  const offsets: number[] = [];
  const server = createServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const serve = serves[Math.min(offsets.length, serves.length - 1)];
    offsets.push(from);
    serve?.(request, response, from);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await run((offset) => fetch(`http://127.0.0.1:${port}/`, { headers: { range: `bytes=${offset}-` } }), offsets);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const aTarget = () => join(mkdtempSync(join(tmpdir(), 'seedfleet-download-')), 'model', 'weights.bin');

describe('a download', () => {
  test('goes on from the byte where a broken connection stopped', async () => {
    const breakOff: Serve = (_request, response, from) => {
      response.writeHead(206, { 'content-length': content.length - from });
      response.write(content.subarray(from, from + 70_000), () => response.destroy());
    };
    await withServer([breakOff, serveRange], async (openRange, offsets) => {
      const target = aTarget();
      await downloadFile({ target, ...file }, openRange);
      expect(readFileSync(target).equals(content)).toBe(true);
      expect(offsets[0]).toBe(0);
      expect(offsets[1]).toBeGreaterThan(0);
      expect(existsSync(`${target}.part`)).toBe(false);
    });
  });

  test('goes on from what an earlier process left', async () => {
    await withServer([serveRange], async (openRange, offsets) => {
      const target = aTarget();
      await downloadFile({ target, ...file }, openRange);
      const again = join(target, '..', 'again.bin');
      writeFileSync(`${again}.part`, content.subarray(0, 123_456));
      expect(await downloadFile({ target: again, ...file }, openRange)).toBe(content.length - 123_456);
      expect(offsets).toEqual([0, 123_456]);
    });
  });

  test('starts over where the server knows no ranges', async () => {
    await withServer([(_request, response) => response.end(content)], async (openRange) => {
      const target = aTarget();
      await downloadFile({ target, ...file }, openRange);
      writeFileSync(`${target}2.part`, content.subarray(0, 1000));
      await downloadFile({ target: `${target}2`, ...file }, openRange);
      expect(readFileSync(`${target}2`).equals(content)).toBe(true);
    });
  });

  test('of other bytes than the manifest names is refused and leaves nothing', async () => {
    const wrong = content.slice();
    wrong[5] = (wrong[5] ?? 0) ^ 1;
    await withServer([(_request, response) => response.writeHead(206).end(wrong)], async (openRange) => {
      const target = aTarget();
      await expect(downloadFile({ target, ...file }, openRange)).rejects.toMatchObject({ code: 'download.hash-mismatch' });
      expect(existsSync(target)).toBe(false);
      expect(existsSync(`${target}.part`)).toBe(false);
    });
  });

  test('that sends more than the manifest names is refused', async () => {
    await withServer([(_request, response) => response.writeHead(206).end(Buffer.concat([content, content]))], async (openRange) => {
      await expect(downloadFile({ target: aTarget(), ...file }, openRange)).rejects.toMatchObject({ code: 'download.hash-mismatch' });
    });
  });

  test('that is there already costs nothing, and one that was damaged on disk comes again', async () => {
    await withServer([serveRange], async (openRange, offsets) => {
      const target = aTarget();
      await downloadFile({ target, ...file }, openRange);
      expect(await downloadFile({ target, ...file }, openRange)).toBe(0);
      writeFileSync(target, content.slice(0, 10));
      await downloadFile({ target, ...file }, openRange);
      expect(readFileSync(target).equals(content)).toBe(true);
      expect(offsets.length).toBe(2);
    });
  });

  test('from a server that sends nothing ends after a few tries', async () => {
    await withServer([(_request, response) => { response.writeHead(206, { 'content-length': 10 }); response.flushHeaders(); response.destroy(); }], async (openRange, offsets) => {
      await expect(downloadFile({ target: aTarget(), ...file }, openRange)).rejects.toMatchObject({ code: 'download.failed' });
      expect(offsets.length).toBe(5);
    });
  });
});

test.each(['', '/etc/passwd', '../key', 'a/../../key', 'a\\b', 'a\0b'])('the path %j leaves the folder and is refused', (path) => {
  expect(() => requireInside(path)).toThrow(expect.objectContaining({ code: 'download.path' }));
});

test.each(['model.onnx', 'onnx/model.onnx_data'])('the path %j stays in the folder', (path) => {
  expect(requireInside(path)).toBe(path);
});
