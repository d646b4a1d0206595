import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { FleetError, toRefusal } from '@seedfleet/errors';
import { fromHex, generateKeyPair, publicKeyOf, toHex, verify } from '@seedfleet/ledger';
import { packetParser, toProblem } from '@seedfleet/protocol';
import { Server } from 'socket.io';
import { enrolmentMessage } from '../enrolment/enrol.js';
import { credentialMessage } from '../session/credential.js';
import { keyChangeMessage } from '../session/key-change.js';

/** The enrolment token that the small coordinator takes. */
export const token = 'sfe_a-token';

/** The device side of a coordinator over real HTTP and socket.io, with the checks that the protocol asks of it. */
export class SmallCoordinator {
  readonly http: HttpServer;
  readonly io: Server;
  publicKey: Uint8Array | null = null;
  revoked = false;
  /** Called when a device asks to change its key: before that is done, and after it is done but not answered. */
  keyChange: { before(): void; after(): void } = { before: () => undefined, after: () => undefined };
  /** false: an older one, which knows no change of keys */
  changesKeys = true;
  keyChanges = 0;
  credentialsGiven = 0;
  lifeMs = 60_000;
  /** Ed25519 seed that signs manifests and commits. */
  readonly privateKey: Uint8Array;
  readonly coordinatorKey: string;
  /** JSON bodies of GET requests, by path. */
  readonly documents = new Map<string, unknown>();
  /** Files, by path and query. */
  readonly files = new Map<string, Uint8Array>();
  private challenge = '';

  /** @param privateKey of a coordinator that two devices share: each of these has one device */
  constructor(privateKey = generateKeyPair().privateKey) {
    this.privateKey = privateKey;
    this.coordinatorKey = toHex(publicKeyOf(privateKey));
    this.http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const file = this.files.get(decodeURIComponent(request.url ?? ''));
        if (file !== undefined) return response.end(file);
        try {
          const answer = this.answer(request.url ?? '', JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, string>);
          response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
        } catch (error) {
          const problem = toProblem(error);
          response.writeHead(problem.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
        }
      });
    });
    this.io = new Server(this.http, { parser: packetParser, transports: ['websocket'], perMessageDeflate: false });
    this.io.of('/device').use((socket, next) => {
      if (socket.handshake.auth['credential'] === `credential-${this.credentialsGiven}`) return next();
      next(Object.assign(new Error('refused'), { data: toRefusal(new FleetError('credential.invalid', { problem: 'The credential is not valid.' })) }));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await this.io.close();
  }

  private answer(path: string, body: Record<string, string>): unknown {
    switch (path) {
      case '/api/v1/device/enrolments': {
        if (body['token'] !== token) throw new FleetError('token.unknown', { field: 'token', problem: 'No such token.' });
        const publicKey = fromHex(body['publicKey'] ?? '');
        if (!verify({ publicKey, message: enrolmentMessage({ token, publicKey }), signature: fromHex(body['proof'] ?? '') })) throw new FleetError('enrolment.proof', { problem: 'The proof is wrong.' });
        this.publicKey = publicKey;
        return { device: 'd1', state: 'active', coordinatorKey: this.coordinatorKey };
      }
      case '/api/v1/device/challenges':
        this.challenge = toHex(generateKeyPair().publicKey);
        return { challenge: this.challenge };
      case '/api/v1/device/credentials': {
        if (this.revoked) throw new FleetError('device.revoked', { problem: 'The operator revoked this device.' });
        const signature = fromHex(body['signature'] ?? '');
        if (this.publicKey === null || !verify({ publicKey: this.publicKey, message: credentialMessage(this.challenge), signature })) throw new FleetError('credential.signature', { problem: 'The signature is wrong.' });
        this.credentialsGiven++;
        return { credential: `credential-${this.credentialsGiven}`, expiresAt: new Date(Date.now() + this.lifeMs).toISOString(), coordinatorKey: this.coordinatorKey };
      }
      case '/api/v1/device/keys': {
        if (!this.changesKeys) throw new FleetError('request.unknown-route', { problem: 'No such route.' });
        this.keyChange.before();
        const to = fromHex(body['publicKey'] ?? '');
        const message = keyChangeMessage({ device: 'd1', publicKey: to });
        if (!verify({ publicKey: to, message, signature: fromHex(body['proof'] ?? '') })) throw new FleetError('device.key-proof', { problem: 'The new key did not sign itself.' });
        if (this.publicKey === null || toHex(this.publicKey) !== toHex(to)) {
          if (this.publicKey === null || !verify({ publicKey: this.publicKey, message, signature: fromHex(body['signature'] ?? '') })) throw new FleetError('device.key-proof', { problem: 'The old key did not sign.' });
          this.publicKey = to;
          this.keyChanges++;
        }
        this.keyChange.after();
        return { device: 'd1', state: 'active', coordinatorKey: this.coordinatorKey };
      }
      default:
        if (this.documents.has(path)) return this.documents.get(path);
        throw new FleetError('request.unknown-route', { problem: 'No such route.' });
    }
  }
}

