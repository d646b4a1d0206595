import { Agent, request } from 'node:http';

/** Devices that share one source address, as the rate limits of the coordinator count it. */
export const devicesPerAddress = 1_000;

/** HTTP from an address of the loopback of its own, over kept connections: thousands of devices come from many addresses. */
export class DeviceLane {
  readonly localAddress: string;
  private readonly agent: Agent;

  /** @param index from 0; 127.0.1.1 and on */
  constructor(readonly url: string, index: number) {
    this.localAddress = `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
    this.agent = new Agent({ keepAlive: true, maxSockets: 16, localAddress: this.localAddress });
  }

  /** @throws Error with status and answer where it is not 2xx */
  json<Answer>(method: 'GET' | 'POST', path: string, { body, credential }: { body?: object; credential?: string } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }) };
      const sent = request(new URL(path, this.url), { method, agent: this.agent, headers }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(pieces).toString('utf8');
          if (answer.statusCode === undefined || answer.statusCode >= 300) reject(new Error(`${path} was answered with ${answer.statusCode}: ${text}`));
          else resolve(JSON.parse(text) as Answer);
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
