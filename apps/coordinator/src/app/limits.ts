/** What one request, one socket and one address may take. Those of single messages stand in the protocol. */
export const serverLimits = {
  /** bytes of a JSON body */
  jsonBytesMax: 1_048_576,
  /** bytes of one piece of a model file */
  uploadPieceBytesMax: 268_435_456,
  /** bytes of one websocket frame; the protocol refuses far smaller packets by name, this one drops the connection */
  frameBytesMax: 1_048_576,
  /** from opening a socket to joining the namespace with a credential */
  handshakeTimeoutMs: 10_000,
  /** from the first byte of an HTTP request to its last header */
  headersTimeoutMs: 10_000,
  /** of a whole HTTP request, uploads included */
  requestTimeoutMs: 300_000,
  /** between pings of a socket, and how long its answer may take */
  pingIntervalMs: 25_000,
  pingTimeoutMs: 20_000,
  /** a device that does not answer round:start within this is taken as busy */
  startAckTimeoutMs: 10_000,
  /** how long an operator's question to a device waits for its answer: a ping or its log, a comparison of its runs, its doctor (which reads its data) */
  pingWaitMs: 10_000,
  resyncWaitMs: 25_000,
  doctorWaitMs: 60_000,
  /** enrolments, challenges and credentials of one address, in one minute */
  deviceAccessPerMinute: 3_000,
  /** tries to sign in, and uses of one-time links, of one address in one minute */
  signInPerMinute: 60,
  /** failures under one name before its next try has to wait */
  signInFailuresFree: 5,
  /** the first wait; it doubles with each failure up to the second */
  signInWaitSeconds: 30,
  signInWaitSecondsMax: 900,
  /** names whose failures are remembered */
  signInNamesMax: 10_000,
  /** passwords that wait to be hashed; each takes 19 MiB and some 30 ms while it is */
  passwordsWaitingMax: 32,
  operatorSessionSeconds: 43_200,
  invitationSeconds: 86_400,
  /** how long the answer to an Idempotency-Key is kept */
  idempotencySeconds: 86_400,
  /** challenges that wait for an answer */
  challengesMax: 100_000,
  challengeLifeMs: 60_000,
  credentialLifeSeconds: 3_600,
  /** between two messages to consoles about what changed */
  changesEveryMs: 200,
  /** handshakes of devices at a time; how many are let in a second is found out, within these */
  handshakesUnderWayMax: 64,
  handshakesPerSecond: { first: 150, min: 20, max: 2_000 },
  /** who comes so much before the next free place is let in at once */
  handshakeBurstMs: 500,
  /** a device is told to come back after this at the latest */
  comeBackMsMax: 300_000,
  comeBackDevicesMax: 100_000,
  /** reports that wait to be saved, of all runs; the longest wait that one is sent away for */
  reportsWaitingMax: 16_384,
  reportRetryMsMax: 30_000,
  /** sockets that one broadcast is sent to before others have their turn */
  broadcastSlices: 16,
} as const;
