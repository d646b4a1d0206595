import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { runOptions, sessionOptions } from '../session/session-options.js';
import { StepSession, type PreparedStep, type StepBatch } from './step-session.js';

const run = promisify(execFile);
/** What a child says last, after anything that a library prints. */
const mark = 'measured:';

/** One step of prepared files, or one plain forward pass of a model. */
export type StepRun =
  | { type: 'step'; step: PreparedStep; batch: StepBatch; queries: number; sign: 'central' | 'leave-one-out' | 'one-row' }
  | { type: 'plain'; modelPath: string; output: string; text: PreparedStep['text']; batch: StepBatch };

export interface StepMeasure {
  /** most memory that the process ever had */
  peakMegabytes: number;
  /** floating point operations of matrix products, in float32 and in 8 bits; a multiplication and an addition are two */
  flops: { float: number; integer: number };
}

/** Runs it in a process of its own, which has nothing else in its memory. @param bundle this code as one file */
export async function measureInProcess(given: StepRun, bundle: string): Promise<StepMeasure> {
  const script = `import(${JSON.stringify(bundle)}).then((m) => m.measureHere(${JSON.stringify(given)})).then((measured) => console.log(${JSON.stringify(mark)} + JSON.stringify(measured)))`;
  const { stdout } = await run(process.execPath, ['-e', script], { maxBuffer: 2 ** 24, env: { ...process.env, MALLOC_ARENA_MAX: '2' } });
  return JSON.parse(stdout.slice(stdout.lastIndexOf(mark) + mark.length)) as StepMeasure;
}

/** In the child. */
export async function measureHere(given: StepRun): Promise<StepMeasure> {
  if (given.type === 'plain') {
    await plainForward(given);
    return { peakMegabytes: peak(), flops: { float: 0, integer: 0 } };
  }
  const { step, batch, queries, sign } = given;
  const session = await StepSession.open(step);
  const losses = () => session.losses({ batch, seeds: BigUint64Array.from({ length: sign === 'one-row' ? 1 : queries }, (_, j) => BigInt(j + 1)), type: sign === 'central' ? 'central' : 'leave-one-out' });
  await losses();
  const peakMegabytes = peak();
  await session.release();
  return { peakMegabytes, flops: await flopsOf(given) };
}

/** Of this process since it began; `maxRSS` would be that of the parent that it was forked from. Linux only. */
function peak(): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

async function plainForward({ modelPath, output, text: { ids, mask }, batch }: Extract<StepRun, { type: 'plain' }>): Promise<void> {
  const session = await InferenceSession.create(modelPath, await sessionOptions({ threads: 1 }));
  const shape = [batch.examples, batch.tokens];
  const count = batch.examples * batch.tokens;
  const feeds = { [ids]: new Tensor('int64', new BigInt64Array(count).fill(5n), shape), ...(mask === undefined ? {} : { [mask]: new Tensor('int64', new BigInt64Array(count).fill(1n), shape) }) };
  await session.run(feeds, [output], runOptions);
  await session.release();
}

interface ProfileEvent { args?: { op_name?: string; input_type_shape?: Record<string, number[]>[]; output_type_shape?: Record<string, number[]>[] } }
const products = new Set(['MatMul', 'FusedMatMul', 'Gemm', 'FusedGemm', 'MatMulInteger', 'MatMulIntegerToFloat', 'DynamicQuantizeMatMul']);

/** From ONNX Runtime's own profile of one more step: the shapes that its kernels really met. */
async function flopsOf({ step, batch, queries, sign }: Extract<StepRun, { type: 'step' }>): Promise<StepMeasure['flops']> {
  const profilePrefix = `${step.modelPath}.profile`;
  const session = await StepSession.open(step, { profilePrefix });
  await session.losses({ batch, seeds: BigUint64Array.from({ length: sign === 'one-row' ? 1 : queries }, (_, j) => BigInt(j + 1)), type: sign === 'central' ? 'central' : 'leave-one-out' });
  const flops = { float: 0, integer: 0 };
  session.endProfiling();
  const folder = dirname(profilePrefix);
  for (const path of readdirSync(folder).filter((name) => name.startsWith(basename(profilePrefix))).map((name) => join(folder, name))) {
    for (const { args } of JSON.parse(readFileSync(path, 'utf8')) as ProfileEvent[]) {
      if (!products.has(args?.op_name ?? '')) continue;
      const [[x = []] = []] = (args?.input_type_shape ?? []).map((shape) => Object.values(shape));
      const [[y = []] = []] = (args?.output_type_shape ?? []).map((shape) => Object.values(shape));
      const inner = x.at(args?.op_name === 'Gemm' || args?.op_name === 'FusedGemm' ? 1 : -1) ?? 0;
      flops[/Integer|Quantize/.test(args?.op_name ?? '') ? 'integer' : 'float'] += 2 * inner * y.reduce((product, size) => product * size, 1);
    }
    rmSync(path);
  }
  await session.release();
  return flops;
}
