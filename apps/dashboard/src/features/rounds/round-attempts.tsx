import { Progress, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { type RoundDetails } from '@seedfleet/protocol';
import { Figure } from '../../shell/figure';
import { dateTimeOf, decimal, percent, seconds } from '../../shell/format';
import { WideTable } from '../../shell/wide-table';

type Attempt = RoundDetails['attempts'][number];

const stages: { name: string; hint: string; of: (attempt: Attempt) => number | null }[] = [
  { name: 'eligible', hint: 'ready devices of the run when the statistics were made', of: ({ eligible }) => eligible },
  { name: 'online', hint: 'of those, connected and prepared when it opened', of: ({ online }) => online },
  { name: 'selected', hint: 'asked', of: ({ selected }) => selected },
  { name: 'accepted', hint: 'said that they take part', of: ({ accepted }) => accepted },
  { name: 'reported', hint: 'whose report was recorded in time', of: ({ reported }) => reported },
  { name: 'counted', hint: 'in the commit', of: ({ counted }) => counted },
];

/** How the round went: its newest attempt from eligible to counted, why devices did not take part, and the attempts before. */
export function RoundAttempts({ round: { attempts, evaluation } }: { round: RoundDetails }) {
  const [newest] = attempts;
  if (newest === undefined) return null;
  const declines = Object.entries(newest.declines);
  const most = Math.max(1, ...stages.map(({ of }) => of(newest) ?? 0));
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Figure label={`state of attempt ${newest.attempt}`} value={newest.state} {...(newest.cause === null ? {} : { hint: newest.cause })} />
        <Figure label="from opening to its end" value={seconds(newest.openedAt, newest.endedAt)} hint={`opened ${dateTimeOf(newest.openedAt)}, deadline ${dateTimeOf(newest.deadlineAt)}`} />
        <Figure label="devices in the commit, of those asked" value={`${newest.counted} of ${newest.selected}`} />
        <Figure label="held-out loss after it" value={evaluation === null ? '–' : decimal(evaluation.loss)} hint={evaluation === null ? 'no evaluation followed this round' : `accuracy ${percent(evaluation.accuracy)} over ${evaluation.count} examples of ${evaluation.devices} devices`} />
      </SimpleGrid>
      <Stack gap="xs" component="section" aria-labelledby="funnel">
        <Title order={2} size="h5" id="funnel">From eligible to counted</Title>
        <WideTable label="Devices of the attempt" columns={[{ label: 'Stage' }, { label: 'Devices', number: true }, { label: 'Of the most' }]} minWidth={420}>
          {stages.map(({ name, hint, of }) => (
            <Table.Tr key={name}>
              <Table.Td title={hint}>{name}</Table.Td><Table.Td className="number">{of(newest) ?? 'not known'}</Table.Td>
              <Table.Td style={{ width: '60%' }}><Progress value={(100 * (of(newest) ?? 0)) / most} aria-label={`${name} of the most`} /></Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
        <Text size="sm">{declines.length === 0 ? 'No device that was asked declined.' : `Not taking part: ${declines.map(([reason, count]) => `${count} ${reason}`).join(', ')}.`}</Text>
        {attempts.length < 2 ? null : (
          <WideTable label="Attempts" columns={[{ label: 'Attempt', number: true }, { label: 'State' }, { label: 'Selected', number: true }, { label: 'Accepted', number: true }, { label: 'Reported', number: true }, { label: 'Took', number: true }]} minWidth={560}>
            {attempts.map((attempt) => (
              <Table.Tr key={attempt.attempt}>
                <Table.Td className="number">{attempt.attempt}</Table.Td><Table.Td>{attempt.state}{attempt.cause === null ? '' : `: ${attempt.cause}`}</Table.Td><Table.Td className="number">{attempt.selected}</Table.Td>
                <Table.Td className="number">{attempt.accepted}</Table.Td><Table.Td className="number">{attempt.reported}</Table.Td><Table.Td className="number">{seconds(attempt.openedAt, attempt.endedAt)}</Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
      </Stack>
    </>
  );
}
