import { withoutCache, type OnnxModel } from '@seedfleet/onnx';

/** Operators that only reshape token ids on their way to the table. */
const passing = new Set(['Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Identity', 'Flatten']);

/** How many token ids a model knows: the rows of the table that they choose from. Undefined where the graph does not say. */
export function vocabularyOf(model: OnnxModel, ids: string): number | undefined {
  const { graph } = withoutCache(model);
  const tables = new Map(graph.initializer.map(({ name, dims }) => [name, dims]));
  const carriers = new Set([ids]);
  for (const { opType, input, output } of graph.node) {
    const [table = '', chosen = ''] = input;
    if (passing.has(opType) && carriers.has(table)) carriers.add(output[0] ?? '');
    // Gather, GatherBlockQuantized: the table first, then what is chosen from it.
    else if (opType.startsWith('Gather') && carriers.has(chosen)) {
      const rows = tables.get(table)?.[0];
      if (rows !== undefined) return Number(rows);
    }
  }
  return undefined;
}
