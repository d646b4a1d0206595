import { graphBuilder, type GraphBuilder } from '../builder/graph-builder.js';
import { type GraphProto } from '../generated/onnx_pb.js';

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
