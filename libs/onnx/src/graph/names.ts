/**
 * Names that the rewrites add to a graph. Values of the model that happen to have one of them are renamed first.
 * Everything inside starts with `seedfleet/`, so that a node of ours is told from a node of the model by its name.
 */
export const names = {
  labels: 'labels', answer: 'answer', losses: 'losses', logits: 'logits', predicted: 'predicted',
  /** Graph input of an adapter: B, [P, r, d_out]. */
  adapterInput: (site: string) => `B/${site}`,
  inAdapter: (site: string, part: string) => `seedfleet/adapter/${site}/${part}`,
  inHead: (part: string) => `seedfleet/head/${part}`,
  inLoss: (part: string) => `seedfleet/loss/${part}`,
  inQuantised: (value: string, part: string) => `seedfleet/w8a8/${value}/${part}`,
  /** A linear whose input is quantised token by token. Not ours by its name: it is tiled as nodes of the model are. */
  byToken: (value: string, part: string) => `bytoken/${value}/${part}`,
  tiled: (value: string) => `seedfleet/tiled/${value}`,
  repeats: ({ axes, axis }: { axes: number; axis: number }) => `seedfleet/repeats/${axis}of${axes}`,
  /** A value at one position of an axis. Not ours by its name: it is tiled as values of the model are. */
  selected: ({ value, axis, index }: { value: string; axis: number; index: number | string }) => `selected/${axis}/${index}/${value}`,
  /** What the output head of a language model reads: all positions but the last. Not ours by its name: it is tiled as values of the model are. */
  followed: (part: string) => `followed/${part}`,
  /** Some columns of a stored tensor. Not ours by its name: as the tensor itself. */
  columns: (value: string) => `columns/${value}`,
  /** [P], the number of perturbed rows, read from the shape of the head's weight. */
  rows: 'seedfleet/rows',
  constant: (values: readonly number[]) => `seedfleet/integers/${values.join('_')}`,
  own: 'seedfleet/',
} as const;

export function isOwn(name: string): boolean {
  return name.startsWith(names.own);
}
