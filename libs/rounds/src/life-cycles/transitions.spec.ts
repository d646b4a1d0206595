import {
  assignmentTransitions, deviceTransitions, requireTransition, roundTransitions, runTransitions, type Transitions,
} from './transitions.js';

/** What docs/rounds.md says may follow what; everything else is illegal. */
const legal: Record<string, { table: Transitions<string>; changes: string[] }> = {
  device: {
    table: deviceTransitions,
    changes: ['pending active', 'pending revoked', 'active suspended', 'active revoked', 'suspended active', 'suspended revoked'],
  },
  run: {
    table: runTransitions,
    changes: [
      'draft scheduled', 'draft queued', 'draft cancelled', 'scheduled queued', 'scheduled cancelled', 'queued running', 'queued failed', 'queued cancelled', 'running paused', 'running completed', 'running failed',
      'running cancelled', 'paused running', 'paused failed', 'paused cancelled',
    ],
  },
  round: { table: roundTransitions, changes: ['selecting collecting', 'selecting abandoned', 'collecting committed', 'collecting abandoned'] },
  assignment: {
    table: assignmentTransitions,
    changes: [
      'assigned preparing', 'assigned ready', 'assigned failed', 'assigned left', 'preparing ready', 'preparing failed', 'preparing left',
      'ready preparing', 'ready failed', 'ready left', 'failed preparing', 'failed ready', 'failed left',
    ],
  },
};

const walked = Object.entries(legal).flatMap(([noun, { table, changes }]) => Object.keys(table).flatMap((from) => Object.keys(table).map((to) =>
  ({ noun, table, from, to, allowed: changes.includes(`${from} ${to}`) }))));

test.each(walked.filter(({ allowed }) => allowed))('a $noun that is $from may become $to', ({ table, from, to }) => {
  expect(() => requireTransition(table, from, to)).not.toThrow();
});

test.each(walked.filter(({ allowed }) => !allowed))('a $noun that is $from cannot become $to', ({ table, from, to }) => {
  expect(() => requireTransition(table, from, to)).toThrow(expect.objectContaining({ code: 'state.transition', field: 'state' }));
});

test.each(Object.entries(legal))('every state of a %s can be reached from the first', (_, { table }) => {
  const [first] = Object.keys(table);
  const reached = new Set([first as string]);
  reached.forEach((state) => table[state]?.forEach((next) => reached.add(next)));
  expect([...reached].sort()).toEqual(Object.keys(table).sort());
});
