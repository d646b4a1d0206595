import { graphBuilder, rawTensor, writeModel } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const length = 64;
let found: Promise<boolean> | undefined;

/**
 * Whether this processor loses products of unsigned and signed bytes: x64 without VNNI adds pairs of them in 16 bits, and saturates.
 * Found out once, by multiplying the greatest bytes there are; the exact sum is 64 * 255 * 127.
 */
export function byteProductsSaturate(): Promise<boolean> {
  return (found ??= measure());
}

async function measure(): Promise<boolean> {
  const g = graphBuilder({ name: 'byte-products' });
  g.input('x', 'uint8', ['rows', length]);
  g.initializer(rawTensor({ name: 'w', type: 'int8', shape: [length, length], rawData: new Uint8Array(length * length).fill(127) }));
  g.output(g.node('MatMulInteger', ['x', 'w'], 'y'), 'int32', ['rows', length]);
  const session = await InferenceSession.create(writeModel(g.build()), { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 });
  const { y } = await session.run({ x: new Tensor('uint8', new Uint8Array(8 * length).fill(255), [8, length]) });
  await session.release();
  return !(y?.data instanceof Int32Array && y.data.every((sum) => sum === length * 255 * 127));
}
