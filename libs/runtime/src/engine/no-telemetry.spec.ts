import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { layoutOf } from '@seedfleet/numerics';
import { buildTrainingGraph, writeModel } from '@seedfleet/onnx';
import { planOf, sitesOf } from '../training-graph/forward.fixture.js';
import { smallModel, width } from '../training-graph/small-models.fixture.js';

const built = new URL('../../dist/index.js', import.meta.url);
const plan = { blocks: ['attention'], pool: 'mean' } as const;
const training = planOf({ sites: sitesOf(plan), classes: 2, seed: 5 });
const layout = layoutOf([
  ...sitesOf(plan).map((name) => ({ name, shape: [2, width], scale: 1 })), { name: 'head.W', shape: [width, 2], scale: 10 }, { name: 'head.b', shape: [2], scale: 10 },
]);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seedfleet-telemetry-'));
  await writeFile(join(folder, 'model.onnx'), writeModel(buildTrainingGraph(smallModel(plan), training)));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a script in a process of its own, with a home of its own and no word about telemetry; what lies in the home afterwards. Without the switch: `.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid` and a database of events. */
async function homeAfter(script: string): Promise<string[]> {
  const home = join(folder, 'home');
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: import.meta.dirname, env: { HOME: home } });
  return readdir(home, { recursive: true }).catch(() => []);
}

test('a session in the engine keeps no identifier of the device and no events for the maker of ONNX Runtime', async () => {
  const options = { modelPath: join(folder, 'model.onnx'), layout, inputs: [...training.adapters.map(({ input }) => input), 'head.W', 'head.b'], modelInputs: training.inputs, threads: 1 };
  expect(await homeAfter(`import { openEngine } from ${JSON.stringify(built.href)}; await (await openEngine(${JSON.stringify(options)})).close();`)).toEqual([]);
}, 30_000);
