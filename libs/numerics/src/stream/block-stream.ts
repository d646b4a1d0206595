/** What the platform's ChaCha20 gets; lengths and limits were checked by `keystream`. */
export interface BlockStreamRequest {
  /** [32] */
  key: Uint8Array;
  /** [12] */
  nonce: Uint8Array;
  /** number of the first block */
  counter: number;
  /** bytes */
  length: number;
}

/** ChaCha20 (RFC 8439, section 2.4) over zeros, at a multiple of 4 in its buffer: each of `node.ts` and `browser.ts` has one, chosen by the `imports` conditions of package.json. */
export type BlockStream = (request: BlockStreamRequest) => Uint8Array;
