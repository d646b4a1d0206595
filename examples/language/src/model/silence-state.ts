import '@seedfleet/runtime'; // before ONNX Runtime: it switches telemetry off
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** Values of one state of the encoder. */
export const stateWidth = 288;
/** Half a second at 16 kHz. */
const samples = 8_000;

/** What the encoder makes of silence: the first of its states, [288]. One is enough for the decoder to attend to. */
export async function silenceState(encoderPath: string): Promise<Float32Array> {
  const session = await InferenceSession.create(encoderPath, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    const { last_hidden_state: states } = await session.run({ input_values: new Tensor('float32', new Float32Array(samples), [1, samples]) });
    if (!(states?.data instanceof Float32Array) || states.dims[2] !== stateWidth) throw new Error(`${encoderPath} does not give states of ${stateWidth} values.`);
    return states.data.slice(0, stateWidth);
  } finally {
    await session.release();
  }
}
