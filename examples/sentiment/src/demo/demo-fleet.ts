import { convertEncoder } from '../encoder/convert-encoder.js';
import { type Coordinator, startCoordinator } from '../fleet/coordinator.js';
import { type FleetProcess } from '../fleet/fleet-process.js';
import { waitUntil } from '../fleet/wait-until.js';
import { enrolWorker, startWorker, type Worker, type WorkerData } from '../fleet/worker.js';
import { type DeviceData, writeDeviceData } from '../sentences.js';
import { type FleetHome } from './fleet-home.js';
import { registerModel } from './register-model.js';
import { heldOutFraction } from './run-request.js';

const connectTimeoutMs = 60_000;

/** A coordinator, workers with data, the encoder registered; everything is a process, a socket, a file. */
export class DemoFleet {
  /** Rejects as soon as one of the processes ends by itself; never resolves. */
  readonly broken: Promise<never>;
  private readonly settings: WorkerSettings[] = [];
  private breakWith: (error: Error) => void = () => undefined;
  private expectingEnds = false;
  private startedWorkers: Worker[] = [];

  private constructor(private startedCoordinator: Coordinator, private readonly options: { home: FleetHome; detached: boolean }) {
    this.broken = new Promise((_resolve, reject) => { this.breakWith = reject; });
    // Whoever races against it hears of it; without a race it must not end the process.
    this.broken.catch(() => undefined);
    this.watch(startedCoordinator);
  }

  get coordinator(): Coordinator {
    return this.startedCoordinator;
  }

  get workers(): readonly Worker[] {
    return this.startedWorkers;
  }

  static async start(options: { home: FleetHome; detached: boolean }): Promise<DemoFleet> {
    return new DemoFleet(await startCoordinator({ home: options.home.coordinator, detached: options.detached }), options);
  }

  /** Enrols and starts devices side by side; one without data only follows. @param devices with a bound on the memory of one step, if any */
  async addWorkers(devices: readonly { name: string; data?: WorkerData; memoryMegabytes?: number }[]): Promise<Worker[]> {
    const { token } = await this.coordinator.client.call('createEnrolmentToken', { body: { name: 'demo', usesMax: devices.length } });
    const added = await Promise.all(devices.map(async ({ name, ...rest }) => {
      const settings = { home: this.options.home.worker(name), detached: this.options.detached, ...rest };
      await enrolWorker({ home: settings.home, url: this.coordinator.url, token, name });
      this.settings.push(settings);
      return startWorker(settings);
    }));
    added.forEach((worker) => this.watch(worker));
    this.startedWorkers.push(...added);
    return added;
  }

  /** Waits until every worker is connected. */
  async connected(): Promise<void> {
    await waitUntil({ what: 'all workers to connect', timeoutMs: connectTimeoutMs }, async () => {
      const { items } = await this.coordinator.client.call('listDevices');
      return items.filter((device) => device.online).length >= this.workers.length;
    });
  }

  /** Ends all processes, workers first. */
  async stop(): Promise<void> {
    this.expectingEnds = true;
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.coordinator.stop();
  }

  /** Ends all processes and starts them again on what they have on disk. */
  async restart(): Promise<void> {
    await this.stop();
    const { home, port } = this.coordinator;
    this.startedCoordinator = await startCoordinator({ home, port, detached: this.options.detached });
    this.startedWorkers = await Promise.all(this.settings.map((settings) => startWorker(settings)));
    this.expectingEnds = false;
    [this.coordinator, ...this.workers].forEach((process) => this.watch(process));
  }

  private watch(process: FleetProcess): void {
    void process.exited.then(({ code, signal }) => {
      if (!this.expectingEnds) this.breakWith(new Error(`A process of the fleet ended by itself (${signal ?? `exit code ${code}`}). Its last words: ${process.logPath}`));
    });
  }
}

type WorkerSettings = Parameters<typeof startWorker>[0];

/** The fleet of the demo: the encoder converted and registered, the sentences on six workers, all connected. */
export async function startDemoFleet({ home, detached, say }: { home: FleetHome; detached: boolean; say: (line: string) => void }): Promise<{ fleet: DemoFleet; model: string }> {
  const [fleet, encoder, data] = await Promise.all([DemoFleet.start({ home, detached }), convertEncoder({ folder: home.encoder }), writeDeviceData({ folder: home.data })]);
  try {
    say(`Coordinator at ${fleet.coordinator.url}; encoder converted; ${data.reduce((sum, { sentences }) => sum + sentences, 0)} sentences split over ${data.length} devices.`);
    const model = await registerModel({ coordinator: fleet.coordinator, name: 'universal-sentence-encoder-lite', model: encoder });
    await fleet.addWorkers(data.map((of) => ({ name: of.device, data: dataOf(of) })));
    await Promise.race([fleet.connected(), fleet.broken]);
    say(`${data.length} workers enrolled and connected.`);
    return { fleet, model };
  } catch (error) {
    await fleet.stop();
    throw error;
  }
}

/** The fields as `writeDeviceData` names them. */
function dataOf({ path }: DeviceData): WorkerData {
  return { path, textField: 'text', labelField: 'label', heldOutFraction };
}
