import { FleetError } from '@seedfleet/errors';
import { type OnnxModel } from '@seedfleet/onnx';

/**
 * d of the graph output [batch, d] that the head reads.
 * @throws FleetError `model.output-unknown` if there is no such output, or its shape is not [batch, number]
 */
export function outputWidthOf({ graph }: OnnxModel, output: string): number {
  const value = [...graph.output, ...graph.valueInfo].find(({ name }) => name === output);
  if (value === undefined) {
    throw new FleetError('model.output-unknown', { field: 'output', problem: `The graph has no output "${output}"; it has ${graph.output.map(({ name }) => `"${name}"`).join(', ')}.` });
  }
  const type = value.type?.value;
  const dimensions = type?.case === 'tensorType' ? type.value.shape?.dim ?? [] : [];
  const width = dimensions[1]?.value;
  if (dimensions.length !== 2 || width?.case !== 'dimValue' || width.value < 1n) {
    throw new FleetError('model.output-unknown', { field: 'output', problem: `The output "${output}" is not declared as [batch, width] with a fixed width.` });
  }
  return Number(width.value);
}
