import { float32Tensor, graphBuilder, rawTensor, writeModel, type GraphBuilder } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from '../session/session-options.js';
import { secondsOf } from './interleaved.js';
import { uniform } from './llama-graph.js';

/** Of the product that is timed: large enough that nothing but arithmetic counts. */
const [rows, inner, columns] = [1024, 2048, 5632];
/** Of which the fastest counts: this is a limit. */
const runs = 30;

/** Floating point operations a second of processor time of this machine on one thread: the best that ONNX Runtime gets out of it, float32 and 8 bits. */
export async function productRates(): Promise<{ float: number; integer: number }> {
  const random = uniform(5);
  const float = await rowsTimes((g) => g.node('MatMul', ['x', g.initializer(float32Tensor({ name: 'w', values: Float32Array.from({ length: inner * columns }, random), shape: [inner, columns] }))], 'y'), 'float32');
  const integer = await rowsTimes((g) => {
    const w = g.initializer(rawTensor({ name: 'w', type: 'int8', shape: [inner, columns], rawData: Uint8Array.from({ length: inner * columns }, () => 256 * random()) }));
    return g.node('MatMulInteger', ['x', w, g.initializer(rawTensor({ name: 'middle', type: 'uint8', shape: [], rawData: Uint8Array.of(128) }))], 'y');
  }, 'uint8');
  const inputs = { float: new Tensor('float32', Float32Array.from({ length: rows * inner }, random), [rows, inner]), integer: new Tensor('uint8', Uint8Array.from({ length: rows * inner }, () => 128 + 127 * random()), [rows, inner]) };
  const rateOf = async (session: InferenceSession, x: Tensor) => {
    let least = Infinity;
    for (let i = 0; i < runs; i++) least = Math.min(least, (await secondsOf(() => session.run({ x }))).cpu);
    return 2 * rows * inner * columns / least;
  };
  const rates = { float: await rateOf(float, inputs.float), integer: await rateOf(integer, inputs.integer) };
  await Promise.all([float.release(), integer.release()]);
  return rates;
}

async function rowsTimes(product: (g: GraphBuilder) => string, type: 'float32' | 'uint8'): Promise<InferenceSession> {
  const g = graphBuilder({ name: 'product' });
  g.input('x', type, [rows, inner]);
  g.output(product(g), type === 'float32' ? 'float32' : 'int32', [rows, columns]);
  return InferenceSession.create(writeModel(g.build()), await sessionOptions({ threads: 1 }));
}
