import { Alert, List, Text } from '@mantine/core';
import { type Overview } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { dateTimeOf } from '../../shell/format';

type Attention = Overview['attention'][number];

/** What wants a person, with the way there. Nothing where nothing does. */
export function AttentionList({ attention }: { attention: readonly Attention[] }) {
  if (attention.length === 0) return null;
  return (
    <Alert color="orange" variant="outline" role="status" title={`${attention.length} ${attention.length === 1 ? 'thing wants' : 'things want'} attention`}>
      <List>
        {attention.map((one) => <List.Item key={`${one.kind}${one.run ?? ''}${one.name}`}><Text component={Link} to={placeOf(one)} td="underline" inherit>{sentenceOf(one)}</Text>{one.since === null ? '' : `, ${one.kind === 'token-expiring' ? 'until' : 'since'} ${dateTimeOf(one.since)}`}</List.Item>)}
      </List>
    </Alert>
  );
}

function placeOf({ kind, run, detail }: Attention): string {
  switch (kind) {
    case 'devices-pending':
    case 'token-expiring': return '/enrolment';
    case 'alert-firing': return '/alerts';
    case 'device-cloned': return `/devices/${detail}`;
    case 'devices-failed': return `/runs/${run ?? ''}?tab=devices`;
    default: return `/runs/${run ?? ''}`;
  }
}

function sentenceOf({ kind, run, name, detail }: Attention): string {
  const of = `Run ${run ?? ''}, ${name},`;
  switch (kind) {
    case 'run-failed': return `${of} failed${detail === '' ? '' : `: ${detail}`}`;
    case 'run-stalled': return `${of} stands still: ${detail}`;
    case 'run-paused': return `${of} is paused${detail === '' ? '' : `: ${detail}`}`;
    case 'devices-failed': return `${of} has ${detail} failed devices`;
    case 'devices-pending': return `${detail} devices wait for approval`;
    case 'alert-firing': return `Alert ${name}: ${detail}`;
    case 'device-cloned': return `Two processes take turns with the key of device ${name}`;
    case 'token-expiring': return `Enrolment token ${name} expires with ${detail} uses left`;
  }
}
