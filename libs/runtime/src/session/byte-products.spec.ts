import { graphBuilder, rawTensor, writeModel } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from './session-options.js';

test.each([1, 4, 128])('products of the greatest bytes are summed exactly, in %i rows', async (rows) => {
  const g = graphBuilder({ name: 'greatest' });
  g.input('x', 'uint8', ['rows', 300]);
  g.initializer(rawTensor({ name: 'w', type: 'int8', shape: [300, 40], rawData: new Uint8Array(300 * 40).fill(127) }));
  g.output(g.node('MatMulInteger', ['x', 'w'], 'y'), 'int32', ['rows', 40]);
  const session = await InferenceSession.create(writeModel(g.build()), await sessionOptions({ threads: 1 }));
  const { y } = await session.run({ x: new Tensor('uint8', new Uint8Array(rows * 300).fill(255), [rows, 300]) });
  await session.release();
  expect(new Set(y?.data as Int32Array)).toEqual(new Set([300 * 255 * 127]));
});
