/** A setting in which manifests differ: its path, and what each has there. */
export interface Difference { path: string; values: (string | undefined)[] }

/** Settings that belong to one run alone: its number, keys, time. */
const own = new Set(['run', 'createdAt', 'runKey', 'name']);

/** Every setting in which the manifests are not all alike, in the order of their paths. Lists are compared whole. */
export function differencesOf(manifests: readonly Record<string, unknown>[]): Difference[] {
  const flat = manifests.map((manifest) => new Map(leavesOf(manifest, '')));
  const paths = [...new Set(flat.flatMap((leaves) => [...leaves.keys()]))].filter((path) => !own.has(path)).sort();
  return paths.map((path) => ({ path, values: flat.map((leaves) => leaves.get(path)) })).filter(({ values }) => new Set(values).size > 1);
}

function leavesOf(value: unknown, path: string): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}
