import { sha256, toHex } from '@seedfleet/ledger';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { type ServerOptions } from 'socket.io';
import { type RedisLink } from './redis-link.js';

/** Entries of the stream that Redis keeps; a replica that is further behind finds the rest in the database. */
const streamEntriesMax = 10_000;

/** Reaches the sockets of the other replicas of one fleet: fleets that share a Redis do not hear each other. */
export function replicaAdapter(redis: RedisLink, coordinatorKey: Uint8Array): NonNullable<ServerOptions['adapter']> {
  const name = `seedfleet:${toHex(sha256(coordinatorKey)).slice(0, 16)}`;
  return createAdapter(redis, { streamName: name, channelPrefix: name, maxLen: streamEntriesMax });
}
