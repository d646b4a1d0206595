/** The protocol that this build speaks: the first field of `session:hello`. Raised when an old peer would misread a packet. */
export const protocolVersion = 1;

/** The oldest protocol that a coordinator of this build still serves; a device below it is refused with `protocol.client-too-old`. */
export const protocolVersionMin = 1;

/** What one packet, one page and one list may hold. Everything that comes from a socket is bounded by one of these. */
export const limits = {
  /** bytes of one socket packet; a larger one is refused with `packet.too-large` and dropped */
  packetBytesMax: 65_536,
  /** bytes of commits in one answer to `ledger:tail`; leaves room for the packet around them */
  tailPageBytesMax: 49_152,
  /** bytes of one commit: more than the largest that any estimator makes in one packet */
  commitBytesMax: 49_152,
  /** queries of one round: one byte in a commit */
  queriesMax: 255,
  /** direction groups of one run: one byte in a commit */
  groupsMax: 255,
  /** runs that one device may take part in at a time */
  runsPerDeviceMax: 64,
  /** characters of a name that a person gives */
  nameCharactersMax: 100,
  /** characters of one sentence about a problem */
  problemCharactersMax: 500,
  /** examples that one report or one evaluation may count */
  examplesMax: 4_294_967_295,
  /** classes whose sums an evaluation may hold: a few bytes each, three times */
  evaluationClassesMax: 100,
  /** rounds of one run, attempts of one round: 32 bits in a commit */
  roundsMax: 4_294_967_295,
  /** the longest wait that a deadline may state, in milliseconds: a week */
  deadlineMsMax: 604_800_000,
  /** tags, tasks or models in what a device states of itself */
  statementItemsMax: 16,
  /** data sets of one device, and fields of one of them: a hello with all of them full stays below the bytes of a packet */
  statedDatasetsMax: 8,
  /** characters of a tag or of a field's name */
  wordCharactersMax: 50,
  /** lines of a device's log in one answer; each is below 150 bytes */
  logPageEntriesMax: 200,
  /** checks in one answer of the doctor */
  doctorFindingsMax: 32,
  /** items of one page of a REST list */
  pageItemsMax: 500,
  /** bytes of one file of a model */
  fileBytesMax: 1_099_511_627_776,
} as const;
