import { assignmentTransitions, deviceTransitions, roundTransitions, runTransitions } from '@seedfleet/rounds';
import { deviceStates } from './devices.js';
import { assignmentStates, roundStates, runStates } from './runs.js';

test.each([
  { of: 'device', states: deviceStates, transitions: deviceTransitions },
  { of: 'run', states: runStates, transitions: runTransitions },
  { of: 'round', states: roundStates, transitions: roundTransitions },
  { of: 'assignment', states: assignmentStates, transitions: assignmentTransitions },
])('the states of a $of on the wire are those of its life cycle', ({ states, transitions }) => {
  expect([...states].sort()).toEqual(Object.keys(transitions).sort());
});
