import { chachaBlocksInto, wordAt, type BlocksOrigin } from './chacha-blocks.js';
import { chacha, groupBytes } from './wasm-chacha.js';
import { openWasm } from './wasm-module.js';
import { turn, turnedAtOnce } from './wasm-turn.js';

/** Streams that are kept at the same time. */
export const shortStreamsMax = 8;
/** Words of a stream up to which a cipher of the platform costs more to make than its run saves. */
export const shortStreamWords = 3072;
/** Words of each stream that are turned at a time: what is written stays in the first cache. */
export const turnedWordsMax = 256;

/** The state, then the streams, then what they are turned into. */
const streamsAt = groupBytes;
const strideBytes = 4 * shortStreamWords;
const turnedAt = streamsAt + strideBytes * shortStreamsMax;
const bytes = turnedAt + 4 * shortStreamsMax * turnedWordsMax;

interface ShortStreams {
  wasm: Record<'fill' | 'turn', (...args: number[]) => void> | undefined;
  state: Int32Array;
  streams: Int32Array[];
  turned: Uint8Array;
}
/** Opened by the first who needs it. */
let opened: ShortStreams | undefined;

/** @returns without `wasm` where the platform has none */
export function openShortStreams(): ShortStreams {
  const wasm = openWasm({ fill: chacha, turn: turn(strideBytes) }, { bytes });
  const buffer = wasm?.memory ?? new ArrayBuffer(bytes);
  return {
    wasm: wasm?.functions, state: new Int32Array(buffer, 0, 16),
    streams: Array.from({ length: shortStreamsMax }, (_, j) => new Int32Array(buffer, streamsAt + strideBytes * j, shortStreamWords)),
    turned: new Uint8Array(buffer, turnedAt, 4 * shortStreamsMax * turnedWordsMax),
  };
}

/**
 * A stream of at most `shortStreamWords` words in memory that is used again.
 * @param place  which of the streams it takes the place of
 * @param origin undefined for zeros
 * @returns at least `words` words, valid until the next stream of this place; as bytes they are the stream where the platform is little endian
 */
export function shortStream(place: number, words: number, origin: BlocksOrigin | undefined): Int32Array {
  opened ??= openShortStreams();
  const { wasm, state, streams } = opened;
  const stream = streams[place] as Int32Array;
  if (!origin) return stream.fill(0, 0, words);
  if (!wasm) {
    chachaBlocksInto(stream.subarray(0, 16 * Math.ceil(words / 16)), origin);
    return stream;
  }
  const { key, n0, n1, n2, counter = 0 } = origin;
  state[0] = 0x61707865;
  state[1] = 0x3320646e;
  state[2] = 0x79622d32;
  state[3] = 0x6b206574;
  for (let i = 0; i < 8; i++) state[4 + i] = wordAt(key, 4 * i);
  state[12] = counter;
  state[13] = n0;
  state[14] = n1;
  state[15] = n2;
  wasm.fill(stream.byteOffset, Math.max(1, Math.ceil(4 * words / groupBytes)));
  return stream;
}

/**
 * Turns the words of all eight places from `start` on, as `turn` of rademacher-sum does in plain JavaScript.
 * @param start a multiple of 4
 * @param words at most `turnedWordsMax`; as many groups of eight words are written, and up to three more
 * @returns undefined where there is no WebAssembly; valid until the next call
 */
export function turnedShortStreams(start: number, words: number): Uint8Array | undefined {
  opened ??= openShortStreams();
  const { wasm, turned } = opened;
  if (!wasm) return undefined;
  wasm.turn(streamsAt + 4 * start, turnedAt, Math.max(1, Math.ceil(words / turnedAtOnce)));
  return turned;
}
