import { graphBuilder, type GraphBuilder } from '../builder/graph-builder.js';
import { type GraphProto } from '../generated/onnx_pb.js';
import { type AdapterPlan } from './insert-adapters.js';

/** One line a node, without attributes: `MatMul(x, w) -> y`. */
export function lines(graph: GraphProto): string[] {
  return graph.node.map(({ opType, input, output }) => `${opType}(${input.join(', ')}) -> ${output.join(', ')}`);
}

/** A graph over ids and mask [batch, time], written by `build`. */
export function graphOf(build: (g: GraphBuilder) => void): GraphProto {
  const g = graphBuilder({ name: 'case' });
  g.input('ids', 'int64', ['batch', 'time']);
  g.input('mask', 'int64', ['batch', 'time']);
  build(g);
  return g.build().graph;
}

export function zeros(g: GraphBuilder, name: string, ...shape: number[]): string {
  return g.weight(name, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
}

/** An adapter of rank 1 with A = 0. @param inputs d_in of the site */
export function adapterAt(site: string, inputs: number): AdapterPlan {
  return { site, input: `B/${site}`, a: new Float32Array(inputs), rank: 1, alpha: 2 };
}
