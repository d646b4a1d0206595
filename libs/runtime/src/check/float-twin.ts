import { dequantise, inspectSites, withoutCache, type OnnxModel } from '@seedfleet/onnx';

/** The model beside which losses in eight bits are judged. */
export interface FloatTwin {
  model: OnnxModel;
  precision: 'fp32';
  /** What the twin calls a site of the model. */
  siteOf(name: string): string;
}

/** Linears that round their input as the graph runs. */
const rounding = new Set(['MatMulInteger', 'MatMulIntegerToFloat', 'DynamicQuantizeMatMul']);

/**
 * A model in float32: of W8A8 the model as it is, of one that was quantised dynamically the products of floats that its integers stand for.
 * Undefined where the model that is checked is its own twin.
 */
export function floatTwinOf({ model, precision }: { model: OnnxModel; precision: 'fp32' | 'w8a8' }): FloatTwin | undefined {
  const asIs: FloatTwin | undefined = precision === 'fp32' ? undefined : { model, precision: 'fp32', siteOf: (name) => name };
  const plain = withoutCache(model);
  if (!plain.graph.node.some(({ opType }) => rounding.has(opType))) return asIs;
  const twin = dequantise(plain);
  const [before, after] = [inspectSites(plain).sites, inspectSites(twin).sites];
  // The linears stand in the same order; the weights they are called by have other names.
  const alike = before.length === after.length && before.every(({ inputs, outputs }, i) => inputs === after[i]?.inputs && outputs === after[i]?.outputs);
  const names = new Map(before.map(({ name }, i) => [name, after[i]?.name ?? name]));
  return alike ? { model: twin, precision: 'fp32', siteOf: (name) => names.get(name) ?? name } : asIs;
}
