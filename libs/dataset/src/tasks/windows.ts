import { FleetError } from '@seedfleet/errors';

/** A part of a text that fits into a model. */
export interface Window {
  tokens: readonly number[];
  /** Position of the first token that is to be foretold; those before it are there to be read. */
  foretoldFrom: number;
}

export interface WindowShape {
  tokensMax: number;
  /** Tokens that a window reads again of the one before it. */
  overlap: number;
  /** Special tokens that begin a text, and so every window. */
  leading: readonly number[];
}

/** New tokens of one window. @throws FleetError `dataset.option` where there is room for none */
export function windowRoom({ tokensMax, overlap, leading }: WindowShape): number {
  const room = tokensMax - overlap - leading.length;
  if (room < 1) throw new FleetError('dataset.option', { field: 'overlap', problem: `An overlap of ${overlap} leaves no token of ${tokensMax} to what is new.` });
  return room;
}

/**
 * A text in windows of at most `tokensMax`: every token but the first is foretold in exactly one of them, from the special tokens, `overlap` tokens
 * before it, and those of the window. As few windows as fit, with counts that differ by one at most: a short last window would weigh each of its tokens
 * more, as the loss of an example is the mean over its tokens. A text that fits is one window.
 * @param ids all of the text, special tokens included
 */
export function windowsOf(ids: readonly number[], shape: WindowShape): Window[] {
  const { tokensMax, overlap, leading } = shape;
  if (ids.length <= tokensMax) return [{ tokens: ids, foretoldFrom: 1 }];
  const foretold = ids.length - 1;
  const count = Math.ceil(foretold / windowRoom(shape));
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [1 + Math.floor(i * foretold / count), 1 + Math.floor((i + 1) * foretold / count)];
    const start = from - overlap;
    if (start <= leading.length) return { tokens: ids.slice(0, to), foretoldFrom: from };
    return { tokens: [...leading, ...ids.slice(start, to)], foretoldFrom: leading.length + overlap };
  });
}
