/**
 * Names that the rewrites add to a graph. Values of the model that happen to have one of them are renamed first.
 * Everything inside starts with `seedfleet/`, so that a node of ours is told from a node of the model by its name.
 */
export const names = {
  labels: 'labels', losses: 'losses', logits: 'logits',
  /** Graph input of an adapter: B, [P, r, d_out]. */
  adapterInput: (site: string) => `B/${site}`,
  inAdapter: (site: string, part: string) => `seedfleet/adapter/${site}/${part}`,
  inHead: (part: string) => `seedfleet/head/${part}`,
  inLoss: (part: string) => `seedfleet/loss/${part}`,
  inQuantised: (value: string, part: string) => `seedfleet/w8a8/${value}/${part}`,
  tiled: (value: string) => `seedfleet/tiled/${value}`,
  repeats: ({ axes, axis }: { axes: number; axis: number }) => `seedfleet/repeats/${axis}of${axes}`,
  /** [P], the number of perturbed rows, read from the shape of the head's weight. */
  rows: 'seedfleet/rows',
  constant: (values: readonly number[]) => `seedfleet/integers/${values.join('_')}`,
  own: 'seedfleet/',
} as const;

export function isOwn(name: string): boolean {
  return name.startsWith(names.own);
}
