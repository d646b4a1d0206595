import { errors } from './catalog.js';
import { FleetError, InvariantError, toRefusal } from './fleet-error.js';

test('the message of an error is its problem, then its fix', () => {
  const error = new FleetError('report.length', { field: 'differences', problem: 'Got 7 differences, round 12 has 8 queries.' });
  expect(error.message).toBe('Got 7 differences, round 12 has 8 queries. Send one difference per query, in the order of the seeds.');
  expect(error).toMatchObject({ name: 'FleetError', code: 'report.length', field: 'differences', retryable: false, http: 422 });
});

test('an error may bring a fix that is more exact than the one of the catalog', () => {
  const error = new FleetError('report.length', { problem: 'Got 7 differences.', fix: 'Send 8.' });
  expect(toRefusal(error).fix).toBe('Send 8.');
});

test('a refusal carries what its receiver can act on, and no stack, cause or payload', () => {
  const error = new FleetError('report.stale-state', { field: 'stateHash', problem: 'The state is old.', cause: new Error('private text') });
  expect(toRefusal(error)).toEqual({ code: 'report.stale-state', problem: 'The state is old.', fix: errors['report.stale-state'].fix, field: 'stateHash', retryable: true });
  expect(JSON.stringify(toRefusal(error))).not.toContain('private text');
});

test.each([
  ['an unknown error', new TypeError('cannot read "my private text"')],
  ['a broken invariant', new InvariantError('round 3 holds my private text')],
  ['something that is no error', 'my private text'],
])('%s is answered without its message, which may hold data', (_, thrown) => {
  const refusal = toRefusal(thrown);
  expect(refusal.code).toBe('internal.failure');
  expect(JSON.stringify(refusal)).not.toContain('private text');
});

test('the cause of an error is kept for the log of its own side', () => {
  const cause = new Error('ECONNREFUSED');
  expect(new FleetError('internal.failure', { problem: 'It failed.', cause }).cause).toBe(cause);
});
