import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema, TensorShapeProto_DimensionSchema, ValueInfoProtoSchema,
  type NodeProto, type TensorProto, type ValueInfoProto } from '../generated/onnx_pb.js';
import { attributesFrom, type AttributeValue } from '../graph/attributes.js';
import { type OnnxModel } from '../graph/model.js';
import { elementTypes, float32Tensor, int64Tensor, type ElementType } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';

/** Writes a graph from nothing, node by node, in the order of computation. Every method that makes a value returns its name. */
export interface GraphBuilder {
  /** A graph input. @param shape a number is a fixed size, a string a named dynamic one: `['batch', 'sequence']` */
  input(name: string, type: ElementType, shape: readonly (number | string)[]): string;
  /** A float32 initializer; the values are taken over, not copied. */
  weight(name: string, values: Float32Array, shape: readonly number[]): string;
  /** An int64 initializer. @param shape defaults to [values.length]; [] is a scalar */
  integers(name: string, values: readonly number[], shape?: readonly number[]): string;
  /** Any tensor as an initializer. */
  initializer(tensor: TensorProto): string;
  /** A node with one output. @param attributes a bare number is an int, `float(x)` a float, an array ints */
  node(operator: string, inputs: readonly string[], output: string, attributes?: Record<string, AttributeValue>, domain?: string): string;
  /** A node with several outputs. */
  nodes(operator: string, inputs: readonly string[], outputs: readonly string[], attributes?: Record<string, AttributeValue>, domain?: string): readonly string[];
  /** Declares a value as a graph output. */
  output(name: string, type: ElementType, shape: readonly (number | string)[]): string;
  /** The model; throws InvariantError if a value is used before it is made, made twice, or an output is missing. */
  build(): OnnxModel;
}

export interface GraphBuilderOptions {
  name: string;
  /** Default operator set; 17 has LayerNormalization. */
  opset?: number;
  irVersion?: number;
  producer?: string;
  /** Further operator sets, by domain: `{ 'com.microsoft': 1 }`. */
  domains?: Record<string, number>;
}

export function graphBuilder({ name, opset = 17, irVersion = 8, producer = 'seedfleet', domains = {} }: GraphBuilderOptions): GraphBuilder {
  const graph = create(GraphProtoSchema, { name });
  const addNodes: GraphBuilder['nodes'] = (operator, inputs, outputs, attributes = {}, domain = '') => {
    graph.node.push(makeNode({ operator, inputs, outputs, attributes, domain }));
    return outputs;
  };
  const initializer = (tensor: TensorProto) => {
    graph.initializer.push(tensor);
    return tensor.name;
  };
  return {
    input(valueName, type, shape) {
      graph.input.push(valueInfo(valueName, type, shape));
      return valueName;
    },
    weight: (valueName, values, shape) => initializer(float32Tensor({ name: valueName, values, shape })),
    integers: (valueName, values, shape) => initializer(int64Tensor({ name: valueName, values, ...(shape ? { shape } : {}) })),
    initializer,
    node(operator, inputs, output, attributes, domain) {
      addNodes(operator, inputs, [output], attributes, domain);
      return output;
    },
    nodes: addNodes,
    output(valueName, type, shape) {
      graph.output.push(valueInfo(valueName, type, shape));
      return valueName;
    },
    build() {
      validate(graph, 'build');
      const opsetImport = Object.entries({ '': opset, ...domains }).map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }));
      return { opset, graph, proto: create(ModelProtoSchema, { irVersion: BigInt(irVersion), producerName: producer, opsetImport, graph }) };
    },
  };
}

export interface NodeParts {
  operator: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Record<string, AttributeValue>;
  domain?: string;
}

/** One node, named after its first output. */
export function makeNode({ operator, inputs, outputs, attributes = {}, domain = '' }: NodeParts): NodeProto {
  return create(NodeProtoSchema, {
    name: `${outputs[0] ?? ''}/${operator}`, opType: operator, domain, input: [...inputs], output: [...outputs], attribute: attributesFrom(attributes),
  });
}

/** A declared input or output. @param shape a number is a fixed size, a string a named dynamic one */
export function valueInfo(name: string, type: ElementType, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) => create(TensorShapeProto_DimensionSchema, {
    value: typeof size === 'number' ? { case: 'dimValue', value: BigInt(size) } : { case: 'dimParam', value: size },
  }));
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: { elemType: elementTypes[type], shape: { dim } } } } });
}
