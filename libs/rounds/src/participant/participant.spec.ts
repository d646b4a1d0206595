import { createParticipant, type Participant } from './participant.js';
import { type ParticipantEffect } from './participant-effect.js';
import { type ParticipantInput } from './participant-input.js';
import { stepParticipant } from './step-participant.js';

/** A participant and what it asked for since it was last looked at. */
class Device {
  state: Participant;
  nowMs = 1_000_000;
  constructor(vault: { round: number; batches: number } = { round: 0, batches: 0 }) {
    this.state = createParticipant({ run: 1, ...vault });
  }

  tell(...inputs: ParticipantInput[]): ParticipantEffect[] {
    return inputs.flatMap((input) => {
      const { state, effects } = stepParticipant(this.state, input, { nowMs: this.nowMs, luck: 0 });
      this.state = state;
      return effects;
    });
  }
}

const typesOf = (effects: ParticipantEffect[]) => effects.map(({ type }) => type);
const bytes = (...rounds: number[]) => rounds.map((round) => Uint8Array.of(round));
const commit = (round: number): ParticipantInput => ({ type: 'commit', round, bytes: Uint8Array.of(round) });
const start = (changes: Partial<Extract<ParticipantInput, { type: 'start' }>> = {}): ParticipantInput =>
  ({ type: 'start', round: 0, attempt: 0, group: 0, seeds: BigUint64Array.of(1n, 2n), deadlineMs: 10_000, seedsMatch: true, declined: null, ...changes });
const losses = (round = 0, attempt = 0): ParticipantInput => ({ type: 'losses', round, attempt, differences: Float32Array.of(1, 2), examples: 4 });
const tail = (from: number, rounds: number[], headRound: number, cheaper: 'log' | 'checkpoint' = 'log'): ParticipantInput =>
  ({ type: 'tail', from, commits: bytes(...rounds), headRound, cheaper });

function readyDevice(round = 0, data: { trainExamples?: number; heldOutExamples?: number } = {}): Device {
  const device = new Device({ round, batches: 7 });
  device.tell({ type: 'connected', headRound: round, stateMatches: true }, { type: 'prepared', trainExamples: 20, heldOutExamples: 5, ...data },
    { type: 'announced', headRound: round });
  return device;
}

describe('joining', () => {
  test('a device prepares on its first connection and then says where it stands', () => {
    const device = new Device();
    expect(device.tell({ type: 'connected', headRound: 0, stateMatches: true })).toEqual([{ type: 'prepare' }]);
    expect(device.tell({ type: 'prepared', trainExamples: 20, heldOutExamples: 5 })).toEqual([{ type: 'announce', round: 0 }]);
  });

  test('a late joiner replays the log page by page before it says so', () => {
    const device = new Device();
    device.tell({ type: 'connected', headRound: 3, stateMatches: true });
    expect(device.tell({ type: 'prepared', trainExamples: 0, heldOutExamples: 0 })).toEqual([{ type: 'request-tail', from: 0 }]);
    expect(device.tell(tail(0, [0, 1], 3))).toEqual([{ type: 'apply', from: 0, commits: bytes(0, 1) }]);
    expect(device.tell({ type: 'applied', round: 2 })).toEqual([{ type: 'request-tail', from: 2 }]);
    device.tell(tail(2, [2], 3));
    expect(device.tell({ type: 'applied', round: 3 })).toEqual([{ type: 'announce', round: 3 }]);
  });

  test('a broken download is tried again later, a broken model is not', () => {
    const device = new Device();
    device.tell({ type: 'connected', headRound: 0, stateMatches: true });
    expect(device.tell({ type: 'preparation-failed', code: 'internal.failure' })).toEqual([{ type: 'set-timer', name: 'prepare', atMs: 1_000_500 }]);
    expect(device.tell({ type: 'timer', name: 'prepare' })).toEqual([{ type: 'prepare' }]);
    expect(device.tell({ type: 'preparation-failed', code: 'model.not-onnx' })).toEqual([{ type: 'leave', cause: 'model.not-onnx' }]);
  });
});

describe('a device that the coordinator took for late', () => {
  test('says again after ten minutes at most where it stands, as long as the run goes on', () => {
    const device = readyDevice(3);
    expect(device.tell({ type: 'timer', name: 'announce' })).toEqual([{ type: 'announce', round: 3 }]);
    expect(device.tell({ type: 'announced', headRound: 3 })).toEqual([{ type: 'set-timer', name: 'announce', atMs: 1_300_000 }]);
  });

  test('a refused announcement is repeated later each time, and on a new connection as soon as the first time', () => {
    const device = readyDevice();
    const moving: ParticipantInput = { type: 'refused', request: 'announce', code: 'run.moving' };
    const connection: ParticipantInput = { type: 'connected', headRound: 0, stateMatches: true };
    device.tell({ type: 'disconnected' }, connection);
    expect(device.tell(moving)).toEqual([{ type: 'set-timer', name: 'announce', atMs: 1_000_500 }]);
    device.tell({ type: 'timer', name: 'announce' });
    expect(device.tell(moving)).toEqual([{ type: 'set-timer', name: 'announce', atMs: 1_001_000 }]);
    device.tell({ type: 'disconnected' });
    expect(device.tell(connection)).toEqual([{ type: 'announce', round: 0 }]);
    expect(device.tell(moving)).toEqual([{ type: 'set-timer', name: 'announce', atMs: 1_000_500 }]);
  });

  test('says nothing while it is away or behind, but keeps its timer', () => {
    const device = readyDevice(3);
    device.tell({ type: 'disconnected' });
    expect(typesOf(device.tell({ type: 'timer', name: 'announce' }))).toEqual(['set-timer']);
    device.tell({ type: 'connected', headRound: 5, stateMatches: true });
    expect(typesOf(device.tell({ type: 'timer', name: 'announce' }))).not.toContain('announce');
  });
});

describe('catching up', () => {
  test('the next commit is replayed, an older one ignored, a newer one shows that some are missing', () => {
    const device = readyDevice(5);
    expect(device.tell(commit(4))).toEqual([]);
    expect(device.tell(commit(5))).toEqual([{ type: 'apply', from: 5, commits: bytes(5) }]);
    expect(device.tell({ type: 'applied', round: 6 })).toEqual([]);
    expect(device.tell(commit(7))).toEqual([{ type: 'request-tail', from: 6 }]);
  });

  test('a commit that nobody made is not waited for once the log has said twice that it ends', () => {
    const device = readyDevice(5);
    expect(device.tell(commit(6))).toEqual([{ type: 'request-tail', from: 5 }]);
    expect(typesOf(device.tell(tail(5, [], 5)))).toEqual(['set-timer']);
    expect(device.tell({ type: 'timer', name: 'tail' })).toEqual([{ type: 'request-tail', from: 5 }]);
    expect(device.tell(tail(5, [], 5))).toEqual([{ type: 'announce', round: 5 }]);
    // Both pages were old ones: the answer to the announcement says what there is.
    expect(device.tell({ type: 'announced', headRound: 7 })).toEqual([{ type: 'request-tail', from: 5 }]);
  });

  test('commits that arrive during a replay are replayed after it, in order', () => {
    const device = readyDevice();
    device.tell(commit(0));
    expect(device.tell(commit(1), commit(2), commit(1))).toEqual([]);
    expect(device.tell({ type: 'applied', round: 1 })).toEqual([{ type: 'apply', from: 1, commits: bytes(1, 2) }]);
  });

  test('a page of the tail that overlaps with what was broadcast is used from where it is new', () => {
    const device = readyDevice();
    device.tell(commit(3));
    expect(device.tell(commit(0))).toEqual([{ type: 'apply', from: 0, commits: bytes(0) }]);
    device.tell(tail(0, [0, 1, 2], 4));
    expect(device.tell({ type: 'applied', round: 1 })).toEqual([{ type: 'apply', from: 1, commits: bytes(1, 2) }]);
  });

  test('a page that should hold commits and does not is asked for again by a timer, each time later', () => {
    const device = readyDevice();
    device.tell(commit(1));
    expect(device.tell(tail(0, [], 2))).toEqual([{ type: 'set-timer', name: 'tail', atMs: 1_000_500 }]);
    expect(device.tell({ type: 'timer', name: 'tail' })).toEqual([{ type: 'request-tail', from: 0 }]);
    expect(device.tell({ type: 'unanswered', request: 'tail' })).toEqual([{ type: 'set-timer', name: 'tail', atMs: 1_001_000 }]);
  });

  test('the cheaper checkpoint is loaded, and the log is used when that fails', () => {
    const device = readyDevice();
    device.tell(commit(900));
    expect(device.tell(tail(0, [0], 901, 'checkpoint'))).toEqual([{ type: 'load-checkpoint' }]);
    expect(device.tell({ type: 'checkpoint-failed', code: 'checkpoint.malformed' })).toEqual([{ type: 'request-tail', from: 0 }]);
    expect(device.tell(tail(0, [0], 901, 'checkpoint'))).toEqual([{ type: 'apply', from: 0, commits: bytes(0) }]);
  });

  test('a commit that crossed the announcement makes the device announce again', () => {
    const device = new Device();
    device.tell({ type: 'connected', headRound: 0, stateMatches: true }, { type: 'prepared', trainExamples: 20, heldOutExamples: 5 });
    device.tell(commit(0), { type: 'announced', headRound: 1 });
    expect(device.tell({ type: 'applied', round: 1 })).toEqual([{ type: 'announce', round: 1 }]);
  });

  test('a state that differs is thrown away once; the second time in a row the device leaves', () => {
    const device = readyDevice(5);
    device.tell(commit(5));
    expect(device.tell({ type: 'mismatch', round: 5 })).toEqual([{ type: 'reset-state' }, { type: 'request-tail', from: 0 }]);
    device.tell(tail(0, [0, 1, 2, 3, 4, 5], 6, 'checkpoint'));
    expect(device.tell({ type: 'mismatch', round: 5 })).toEqual([{ type: 'leave', cause: 'log.state-mismatch' }]);
  });

  test('a mismatch after replay has got past the last one is a first one again', () => {
    const device = readyDevice(5);
    device.tell(commit(5), { type: 'mismatch', round: 5 }, tail(0, [0, 1, 2, 3, 4, 5], 6), { type: 'applied', round: 6 }, commit(6));
    expect(typesOf(device.tell({ type: 'mismatch', round: 6 }))).toEqual(['reset-state', 'request-tail']);
  });
});

describe('an attempt', () => {
  test('is answered, its batch counted durably, then evaluated and reported', () => {
    const device = readyDevice();
    expect(device.tell(start())).toEqual([
      { type: 'answer-start', round: 0, attempt: 0, accepted: true },
      { type: 'save-batch-counter', batches: 8 },
      { type: 'evaluate', round: 0, attempt: 0, group: 0, seeds: BigUint64Array.of(1n, 2n), batch: 7 },
    ]);
    expect(device.tell(losses())).toEqual([{ type: 'send-report', round: 0, attempt: 0, differences: Float32Array.of(1, 2), examples: 4 }]);
  });

  test('gets a batch that no earlier attempt saw', () => {
    const device = readyDevice();
    device.tell(start(), losses());
    expect(device.tell(start({ attempt: 1 })).at(-1)).toMatchObject({ type: 'evaluate', attempt: 1, batch: 8 });
  });

  test.each([
    ['seeds that are not those of our head', readyDevice(), { seedsMatch: false }, 'state-mismatch'],
    ['a round that we are behind of', readyDevice(), { round: 1 }, 'state-mismatch'],
    ['no training data', readyDevice(0, { trainExamples: 0 }), {}, 'no-data'],
    ['a policy that forbids it', readyDevice(), { declined: 'power' as const }, 'power'],
    ['a preparation under way', new Device(), {}, 'busy'],
  ])('is declined for %s', (_, device, changes, reason) => {
    expect(device.tell(start(changes))[0]).toMatchObject({ type: 'answer-start', accepted: false, reason });
    expect(device.state.work).toBeNull();
  });

  test('that follows a commit under replay begins when the replay is done', () => {
    const device = readyDevice();
    device.tell(commit(0));
    expect(typesOf(device.tell(start({ round: 1 })))).toEqual(['answer-start']);
    expect(typesOf(device.tell({ type: 'applied', round: 1 }))).toEqual(['save-batch-counter', 'evaluate']);
  });

  test('that comes while the engine is busy with an older one waits for it, and the older result is dropped', () => {
    const device = readyDevice();
    device.tell(start());
    expect(typesOf(device.tell(start({ attempt: 1 })))).toEqual(['answer-start']);
    expect(device.tell(losses(0, 0))).toMatchObject([{ type: 'save-batch-counter' }, { type: 'evaluate', attempt: 1 }]);
  });

  test('whose deadline passed while it waited is not evaluated', () => {
    const device = readyDevice();
    device.tell(start());
    device.tell(start({ attempt: 1 }));
    device.nowMs += 10_000;
    expect(device.tell(losses(0, 0))).toEqual([]);
  });

  test('that is asked for twice is accepted twice and evaluated once', () => {
    const device = readyDevice();
    device.tell(start());
    expect(typesOf(device.tell(start()))).toEqual(['answer-start']);
    device.tell(losses());
    expect(typesOf(device.tell(start()))).toEqual(['answer-start', 'send-report']);
  });

  test('evaluated without a connection is reported on the next one, if its round is still open', () => {
    const open = readyDevice();
    expect(open.tell(start(), { type: 'disconnected' }, losses()).at(-1)).toMatchObject({ type: 'evaluate' });
    expect(typesOf(open.tell({ type: 'connected', headRound: 0, stateMatches: true }))).toEqual(['send-report', 'announce']);
    const over = readyDevice();
    over.tell(start(), { type: 'disconnected' }, losses());
    expect(typesOf(over.tell({ type: 'connected', headRound: 1, stateMatches: true }))).toEqual(['request-tail']);
  });

  test('whose report is refused as stale makes the device replay from round 0', () => {
    const device = readyDevice(3);
    device.tell(start({ round: 3 }), losses(3));
    expect(device.tell({ type: 'report-refused', round: 3, attempt: 0, code: 'report.stale-state' })).toEqual([{ type: 'reset-state' }, { type: 'request-tail', from: 0 }]);
  });

  test('whose report was not answered is reported again by a timer', () => {
    const device = readyDevice();
    device.tell(start(), losses());
    expect(device.tell({ type: 'unanswered', request: 'report' })).toEqual([{ type: 'set-timer', name: 'report', atMs: 1_000_500 }]);
    expect(typesOf(device.tell({ type: 'timer', name: 'report' }))).toEqual(['send-report']);
  });

  test('whose report the coordinator has no room for is reported again at the time that it named, as it was', () => {
    const device = readyDevice();
    const [sent] = device.tell(start(), losses()).filter(({ type }) => type === 'send-report');
    expect(device.tell({ type: 'report-refused', round: 0, attempt: 0, code: 'intake.full', retryAfterMs: 2_345 })).toEqual([{ type: 'set-timer', name: 'report', atMs: 1_002_345 }]);
    expect(device.tell({ type: 'timer', name: 'report' })).toEqual([sent]);
  });

  test('that fails three times in a row takes the device out of the run', () => {
    const device = readyDevice();
    const fails = (attempt: number) => device.tell(start({ attempt }), { type: 'losses-failed', round: 0, attempt, code: 'numerics.not-finite' }).at(-1);
    expect([fails(0), fails(1)]).not.toContainEqual(expect.objectContaining({ type: 'leave' }));
    expect(fails(2)).toEqual({ type: 'leave', cause: 'numerics.not-finite' });
  });
});

describe('an evaluation', () => {
  test('waits for the engine, and is answered again when asked again', () => {
    const device = readyDevice();
    device.tell(start());
    expect(typesOf(device.tell({ type: 'evaluation-start', round: 0, deadlineMs: 10_000 }))).toEqual(['answer-evaluation-start']);
    expect(typesOf(device.tell(losses()))).toEqual(['send-report', 'evaluate-held-out']);
    device.tell({ type: 'evaluated', round: 0, lossSum: 3, correct: 4, count: 5 }, { type: 'evaluation-answered', round: 0 });
    expect(device.tell({ type: 'evaluation-start', round: 0, deadlineMs: 10_000 }).at(-1)).toEqual({ type: 'send-evaluation', round: 0, lossSum: 3, correct: 4, count: 5 });
  });

  test('is declined without held-out data', () => {
    expect(readyDevice(0, { heldOutExamples: 0 }).tell({ type: 'evaluation-start', round: 0, deadlineMs: 10_000 }))
      .toEqual([{ type: 'answer-evaluation-start', round: 0, accepted: false, reason: 'no-data' }]);
  });
});

test('a device that the last broadcast never reached fetches it before it finishes', () => {
  const device = readyDevice(5);
  expect(device.tell({ type: 'ended', state: 'completed' })).toEqual([{ type: 'announce', round: 5 }]);
  expect(device.tell({ type: 'announced', headRound: 6 })).toEqual([{ type: 'request-tail', from: 5 }]);
});

test('a run that ends is finished once its last commits are replayed and the coordinator has confirmed that there are no more', () => {
  const device = readyDevice();
  device.tell(commit(0));
  expect(device.tell({ type: 'ended', state: 'completed' })).toEqual([]);
  expect(device.tell({ type: 'applied', round: 1 })).toEqual([{ type: 'announce', round: 1 }]);
  expect(device.tell({ type: 'announced', headRound: 1 })).toEqual([{ type: 'finish', state: 'completed', round: 1 }]);
  expect(device.tell(start({ round: 1 }))).toMatchObject([{ type: 'answer-start', accepted: false, reason: 'policy' }]);
});
