import { makeNode } from '../builder/graph-builder.js';
import { type GraphProto, type NodeProto, type TensorProto } from '../generated/onnx_pb.js';
import { type AttributeValue } from '../graph/attributes.js';
import { isOwn, names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { int64Tensor } from '../graph/tensor.js';

/** Collects what a rewrite adds to a graph: nodes in the order of computation, and initializers, small constants shared. */
export interface Additions {
  readonly nodes: NodeProto[];
  /** A node whose output is `output`; its name starts with `seedfleet/` even where it makes a value of the model. */
  node(operator: string, inputs: readonly string[], output: string, attributes?: Record<string, AttributeValue>): string;
  initializer(tensor: TensorProto): string;
  /** An int64 vector. */
  integers(...values: number[]): string;
  /** Makes `names.rows` from an input whose first axis is P, unless the graph has it already. */
  countRows(input: string): void;
  /** The graph with these nodes in place of its own, and the new initializers. */
  applyTo(graph: GraphProto): GraphProto;
}

export function additionsTo(graph: GraphProto): Additions {
  const present = new Set(graph.initializer.map(({ name }) => name));
  const initializers: TensorProto[] = [];
  const nodes: NodeProto[] = [];
  const initializer = (tensor: TensorProto) => {
    if (!present.has(tensor.name)) initializers.push(tensor);
    present.add(tensor.name);
    return tensor.name;
  };
  const addNode: Additions['node'] = (operator, inputs, output, attributes = {}) => {
    const node = makeNode({ operator, inputs, outputs: [output], attributes });
    nodes.push(isOwn(node.name) ? node : revise(node, { name: `${names.own}${node.name}` }));
    return output;
  };
  const integers = (...values: number[]) => initializer(int64Tensor({ name: names.constant(values), values }));
  return {
    nodes,
    node: addNode,
    initializer,
    integers,
    countRows(input) {
      if (graph.node.some(({ output }) => output[0] === names.rows)) return;
      addNode('Gather', [addNode('Shape', [input], `${names.rows}/shape`), integers(0)], names.rows, { axis: 0 });
    },
    applyTo: (target) => revise(target, { node: nodes, initializer: [...target.initializer, ...initializers] }),
  };
}
