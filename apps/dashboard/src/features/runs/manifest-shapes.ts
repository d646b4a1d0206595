/** What the cost of a run is computed from. */
export interface ManifestShapes {
  queries: number;
  groups: number;
  /** numbers that the run trains: every B and the head */
  values: number;
  /** bytes of the model's graph and weights */
  modelBytes: number;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const at = (value: unknown, key: string) => (isRecord(value) ? value[key] : undefined);
const numberAt = (value: unknown, key: string) => Number(at(value, key) ?? 0);
const listAt = (value: unknown, key: string): unknown[] => {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
};

/** Reads the shapes out of a manifest as the API hands it on: checked by its signature, not by a schema here. */
export function shapesOf(manifest: Record<string, unknown>): ManifestShapes {
  const sizes = listAt(manifest['adapter'], 'sites').map((site) => listAt(site, 'shape').reduce<number>((product, length) => product * Number(length), 1));
  const files = listAt(manifest['model'], 'files').filter((file) => at(file, 'role') !== 'tokenizer');
  return {
    queries: numberAt(manifest['estimator'], 'queries'), groups: numberAt(manifest['estimator'], 'groups'),
    values: sizes.reduce((sum, size) => sum + size, 0),
    modelBytes: files.reduce<number>((sum, file) => sum + numberAt(file, 'bytes'), 0),
  };
}
