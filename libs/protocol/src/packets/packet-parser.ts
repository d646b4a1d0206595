import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';

/** For the option `parser` of a socket.io server and of a client: both sides must use it. */
export const packetParser = { Encoder, Decoder } as const;
