/**
 * Who does what when: life cycles as tables, and the two machines that a run is made of, the coordinator's conductor and the device's
 * participant. Pure: clock and luck come in as inputs, effects go out as data and the apps perform them in order.
 * Not here: sockets, database, keys, what a difference means. Runs in Node and in a browser.
 */
export {
  assignmentTransitions, deviceTransitions, requireTransition, roundTransitions, runTransitions,
  type AssignmentState, type DeviceState, type RoundState, type RunState, type Transitions,
} from './life-cycles/transitions.js';
export { type Moment } from './moment.js';
export { entriesOf } from './pile.js';
export { type RoundPolicy } from './conductor/round-policy.js';
export { judgeProgress, noProgress, type StopConditions } from './conductor/stop-conditions.js';
export { newCanary, type Canary, type CanaryPlan } from './conductor/canary.js';
export { spentOf, type RunBudget } from './conductor/run-budget.js';
export { isWaitingForOthers, takenFrom, worksFor } from './conductor/shared-devices.js';
export { type DeclineReason } from './conductor/decline-reason.js';
export { createConductor, type Conductor, type ConductorPhase, type CountedReport, type RecordedRun } from './conductor/conductor.js';
export { stepConductor } from './conductor/step-conductor.js';
export { type ConductorStep } from './conductor/conductor-step.js';
export { type ConductorInput, type ConductorTimer, type ClassSums, type EvaluationSums, type Report } from './conductor/conductor-input.js';
export { type CohortSeat, type ConductorEffect } from './conductor/conductor-effect.js';
export { createParticipant, type Participant, type ParticipantPhase } from './participant/participant.js';
export { stepParticipant } from './participant/step-participant.js';
export { type ParticipantStep } from './participant/participant-step.js';
export { type ParticipantInput, type ParticipantRequest, type RoundStart } from './participant/participant-input.js';
export { type CatchUp, type ParticipantEffect } from './participant/participant-effect.js';
export { cheaperCatchUp } from './participant/cheaper-catch-up.js';
