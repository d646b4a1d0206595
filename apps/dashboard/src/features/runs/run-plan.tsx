import { Anchor, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { countText, dateTimeOf, decimal, percent } from '../../shell/format';

/** Who takes part, what holds the start up, how its first rounds on few devices went, what is spent of its budget: each only where there is such. */
export function RunPlan({ run }: { run: Run }) {
  const { group, canary, budget, state, startAt, after, whenFree } = run;
  const waits = state === 'draft' || state === 'scheduled' || state === 'queued';
  const filter = group === null ? '' : encodeURIComponent(`group="${group.name.replace(/["\\]/g, '\\$&')}"`);
  return (
    <>
      {group === null ? null : <Text c="dimmed">Devices of the group <Anchor component={Link} to={`/devices?filter=${filter}`} inherit underline="always">{group.name}</Anchor>{group.membership === 'followed' ? ', as they come and go' : ', as they were at the start'}</Text>}
      {waits && startAt !== null ? <Text c="dimmed">Not before {dateTimeOf(startAt)}</Text> : null}
      {waits && after !== null ? <Text c="dimmed">After <Anchor component={Link} to={`/runs/${after}`} inherit underline="always">run {after}</Anchor> has ended</Text> : null}
      {waits && whenFree ? <Text c="dimmed">When no other run works with its devices</Text> : null}
      {canary === null ? null : <Text c={canary.stage === 'failed' ? undefined : 'dimmed'} role={canary.stage === 'failed' ? 'status' : undefined}>{canaryText(canary)}</Text>}
      {budget === null ? null : <Text c="dimmed" title="differences that left devices, in all rounds and attempts; hours from the first start, pauses included">{budgetText(budget)}</Text>}
    </>
  );
}

function canaryText({ stage, rounds, devices, asked, departed, lossBefore, lossAfter, cause }: NonNullable<Run['canary']>): string {
  const few = `${devices} ${devices === 1 ? 'device' : 'devices'}`;
  const seen = asked === 0 ? '' : `; ${departed} of ${asked} asked left or stayed silent${lossAfter === null ? '' : `, loss ${decimal(lossBefore)} before and ${decimal(lossAfter)} after`}`;
  switch (stage) {
    case 'trial': return `The first ${rounds} rounds on ${few}, then every device if they go well${seen}`;
    case 'passed': return `The first ${rounds} rounds on ${few} went well${seen}`;
    case 'failed': return `The first ${rounds} rounds on ${few} did not go well: ${cause ?? 'no cause is known'}. Resume to ask every device all the same`;
    case 'overruled': return `The first ${rounds} rounds on ${few} did not go well (${cause ?? 'no cause is known'}); an operator went on all the same`;
  }
}

function budgetText({ scalars, scalarsSpent, hours, hoursSpent }: NonNullable<Run['budget']>): string {
  return `Budget: ${[
    ...(scalars === null ? [] : [`${countText(scalarsSpent)} of ${countText(scalars)} scalars (${percent(scalarsSpent / scalars)})`]), ...(hours === null ? [] : [`${hoursSpent.toFixed(2)} of ${hours} hours`]),
  ].join(', ')}`;
}
