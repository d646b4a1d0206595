import { FleetError, type ErrorCode } from '@seedfleet/errors';
import { exitCodeOf } from './exit-code.js';

test.each<[ErrorCode, number]>([
  ['command.invalid', 2], ['request.invalid', 2], ['file.unreadable', 3], ['context.unknown', 3], ['operator.unauthenticated', 4], ['login.missing', 4],
  ['command.unconfirmed', 4], ['state.transition', 5], ['coordinator.unreachable', 6], ['wait.timed-out', 7], ['log.broken-chain', 8], ['manifest.signature', 8],
  ['run.claim-differs', 8], ['coordinator.unexpected-answer', 1], ['internal.failure', 1],
])('%s ends a command with %i', (code, exitCode) => {
  expect(exitCodeOf(new FleetError(code, { problem: 'A problem.' }))).toBe(exitCode);
});
