import { chachaBlocksInto, wordAt, type BlocksOrigin } from './chacha-blocks.js';
import { groupBytes, openWasmChacha, type WasmChacha } from './wasm-chacha.js';

/** Streams that are kept at the same time. */
export const shortStreamsMax = 8;
/** Words of a stream up to which a cipher of the platform costs more to make than its run saves. */
export const shortStreamWords = 3072;

/** The state, then the streams. */
const streamsAt = groupBytes;
const bytes = streamsAt + 4 * shortStreamWords * shortStreamsMax;

interface ShortStreams { wasm: WasmChacha | undefined; state: Int32Array; streams: Int32Array[] }
/** Opened by the first who needs it. */
let opened: ShortStreams | undefined;

function open(wasm = openWasmChacha({ bytes })): ShortStreams {
  const buffer = wasm?.memory ?? new ArrayBuffer(bytes);
  return { wasm, state: new Int32Array(buffer, 0, 16), streams: Array.from({ length: shortStreamsMax }, (_, j) => new Int32Array(buffer, streamsAt + 4 * shortStreamWords * j, shortStreamWords)) };
}

/**
 * A stream of at most `shortStreamWords` words in memory that is used again.
 * @param place  which of the streams it takes the place of
 * @param origin undefined for zeros
 * @returns at least `words` words, valid until the next stream of this place; as bytes they are the stream where the platform is little endian
 */
export function shortStream(place: number, words: number, origin: BlocksOrigin | undefined): Int32Array {
  opened ??= open();
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
