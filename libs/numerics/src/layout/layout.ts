/** What numerics must know of a manifest's site. */
export interface Site {
  name: string;
  /** of the trained values, C order */
  shape: readonly number[];
  /** perturbation scale s: a row uses B + eps s z, the update g s z */
  scale: number;
}

/** A site and where its values lie in the flat vector of the adapter. */
export interface PlacedSite extends Site {
  /** in manifest order: the site's part of the stream's nonce */
  index: number;
  offset: number;
  size: number;
}

export interface Layout {
  sites: readonly PlacedSite[];
  /** values of the whole adapter */
  size: number;
}

/** Sites one after another in manifest order, each in C order. */
export function layoutOf(sites: readonly Site[]): Layout {
  let offset = 0;
  const placed = sites.map(({ name, shape, scale }, index) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const site = { name, shape, scale, index, offset, size };
    offset += size;
    return site;
  });
  return { sites: placed, size: offset };
}
