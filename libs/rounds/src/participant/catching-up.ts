import { type Moment } from '../moment.js';
import { type Participant } from './participant.js';
import { type ParticipantInput } from './participant-input.js';
import { isChanging, type ParticipantStep, retryTimer, roundToBe, startOver, stay } from './participant-step.js';

/** Broadcast commits that wait for the replay; what comes beyond is fetched from the tail later. */
const queueMax = 64;

/** A broadcast commit: the next one is replayed, an older one is known, a newer one shows that some are missing. */
export function takeCommit(state: Participant, { round, bytes }: { round: number; bytes: Uint8Array }): ParticipantStep {
  const known: Participant = { ...state, headRound: Math.max(state.headRound, round + 1) };
  if (known.phase.type !== 'ready' || round !== roundToBe(known) || known.queue.length >= queueMax) return stay(known);
  return stay({ ...known, queue: [...known.queue, bytes] });
}

/**
 * A page of the tail, or the hint that the checkpoint is cheaper. An empty page of a log that should have more is asked for again later; where
 * the log says twice that it ends here, it does: what was heard beyond was a commit that nobody made.
 */
export function takeTail(state: Participant, { from, commits, headRound, cheaper }: Extract<ParticipantInput, { type: 'tail' }>, moment: Moment): ParticipantStep {
  const known: Participant = {
    ...state, headRound: Math.max(state.headRound, headRound), sync: state.sync.type === 'asking' ? { type: 'none' } : state.sync,
  };
  const expected = roundToBe(known);
  if (known.phase.type !== 'ready' || expected === null) return stay(known);
  if (cheaper === 'checkpoint' && !known.logOnly && known.sync.type === 'none' && known.round < known.headRound) {
    return { state: { ...known, sync: { type: 'loading' }, queue: [], announcing: 'due' }, effects: [{ type: 'load-checkpoint' }] };
  }
  // Pages overlap with what was broadcast meanwhile; one that begins too late cannot be used.
  const fresh = from <= expected ? commits.slice(expected - from) : [];
  if (fresh.length > 0) {
    return stay({ ...known, queue: [...known.queue, ...fresh], announcing: 'due', tries: { ...known.tries, tail: 0 } });
  }
  if (known.sync.type !== 'none' || known.queue.length > 0 || known.round >= known.headRound) return stay(known);
  if (known.tries.tail === 0 || headRound > known.round) return restBeforeTail(known, moment);
  // The answer to the announcement names the head once more, should this page have been an old one.
  return stay({ ...known, headRound: known.round, announcing: 'due', tries: { ...known.tries, tail: 0 } });
}

/** The tail was refused or not answered. */
export function missTail(state: Participant, moment: Moment): ParticipantStep {
  return state.sync.type === 'asking' ? restBeforeTail(state, moment) : stay(state);
}

/** Looks whether the log is longer than we know; the answer is a tail. */
export function probeHead(state: Participant): ParticipantStep {
  if (!state.connected || state.sync.type !== 'none') return stay(state);
  return { state: { ...state, sync: { type: 'asking' } }, effects: [{ type: 'request-tail', from: state.round }] };
}

/** The replay got to `round`. A commit that a device was thought to lack may be announced now. */
export function takeApplied(state: Participant, round: number): ParticipantStep {
  if (state.sync.type !== 'applying') return stay(state);
  return stay(standAt({ ...state, announcing: state.announcing === 'owed' ? 'due' : state.announcing }, round));
}

export function takeCheckpoint(state: Participant, round: number): ParticipantStep {
  return stay(state.sync.type === 'loading' ? standAt(state, round) : state);
}

/** The log always works, only slower. */
export function missCheckpoint(state: Participant): ParticipantStep {
  return stay(state.sync.type === 'loading' ? { ...state, sync: { type: 'none' }, logOnly: true } : state);
}

/** The replay did not give the state of the fleet. */
export function takeMismatch(state: Participant, round: number): ParticipantStep {
  if (state.sync.type !== 'applying') return stay(state);
  return startOver({ ...state, round, headRound: Math.max(state.headRound, round + 1) });
}

/** Begins whatever brings the state closer to the head: the replay of what is here, else the question for the rest. */
export function catchUp(state: Participant): ParticipantStep {
  if (isChanging(state)) return stay(state);
  if (state.queue.length > 0) {
    return {
      state: { ...state, sync: { type: 'applying', to: state.round + state.queue.length }, queue: [] },
      effects: [{ type: 'apply', from: state.round, commits: state.queue }],
    };
  }
  if (state.round >= state.headRound) return stay({ ...state, logOnly: false });
  const asked = probeHead(state);
  return asked.effects.length === 0 ? asked : { ...asked, state: { ...asked.state, announcing: 'due' } };
}

function standAt(state: Participant, round: number): Participant {
  const worked = state.mismatchRound !== null && round > state.mismatchRound;
  return {
    ...state, round, headRound: Math.max(state.headRound, round), sync: { type: 'none' },
    mismatchRound: worked ? null : state.mismatchRound, tries: { ...state.tries, tail: 0 },
  };
}

function restBeforeTail(state: Participant, moment: Moment): ParticipantStep {
  const { tries } = state;
  return {
    state: { ...state, sync: { type: 'resting' }, tries: { ...tries, tail: tries.tail + 1 } },
    effects: [retryTimer('tail', moment, tries.tail)],
  };
}
