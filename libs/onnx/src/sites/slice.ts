import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import { constantsOf } from '../graph/constants.js';
import { integersOf } from '../graph/tensor.js';
import { type Linear } from './linears.js';

/** Columns `from` to `to - 1` of a linear's output: the query of a fused query-key-value projection, say. */
export interface Slice { from: number; to: number }

/** `qkv[0:64]` is columns 0 to 63 of the site `qkv`; a name without brackets is a whole site. */
export function parseSlice(name: string): { site: string; slice?: Slice } {
  const [, site, from, to] = /^(.*)\[(\d+):(\d+)\]$/.exec(name) ?? [];
  return site === undefined ? { site: name } : { site, slice: { from: Number(from), to: Number(to) } };
}

export function sliceName(site: string, { from, to }: Slice): string {
  return `${site}[${from}:${to}]`;
}

/** Finds the parts that a graph cuts the output of a linear into, directly or behind its bias, by Split or Slice along the last axis. */
export function sliceFinder(graph: GraphProto): (linear: Linear) => Slice[] {
  const constants = constantsOf(graph);
  const integersIn = (value: string | undefined): number[] | undefined => { const tensor = constants.get(value ?? ''); return tensor && integersOf(tensor); };
  const readers = (value: string) => graph.node.filter(({ input }) => input.includes(value));
  return ({ y, outputs }) => {
    const behindBias = readers(y).filter(({ opType, input }) => opType === 'Add' && input.some((name) => constants.has(name))).flatMap(({ output }) => output);
    return [y, ...behindBias].flatMap(readers).flatMap((node) => cut(node, { outputs, integersIn }));
  };
}

function cut(node: NodeProto, { outputs, integersIn }: { outputs: number; integersIn: (value: string | undefined) => number[] | undefined }): Slice[] {
  if (node.opType === 'Split' && integerAttribute(node, 'axis', 0) !== 0) {
    const count = node.output.length;
    const sizes = integersAttribute(node, 'split') ?? integersIn(node.input[1]) ?? Array<number>(count).fill(outputs / count);
    // Sizes that do not add up to the outputs cut another axis.
    if (sizes.reduce((sum, size) => sum + size, 0) !== outputs || sizes.some((size) => !Number.isInteger(size))) return [];
    return sizes.map((size, i) => { const from = sizes.slice(0, i).reduce((sum, before) => sum + before, 0); return { from, to: from + size }; });
  }
  if (node.opType === 'Slice') {
    const [[from = -1] = [], [to = -1] = [], axes = []] = node.input.slice(1, 4).map(integersIn);
    const end = Math.min(to, outputs);
    return axes.length === 1 && axes[0] !== 0 && axes[0] !== 1 && from >= 0 && end > from && end - from < outputs ? [{ from, to: end }] : [];
  }
  return [];
}
