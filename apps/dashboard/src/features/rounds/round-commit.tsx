import { Alert, Stack, Table, Title } from '@mantine/core';
import { type RoundDetails } from '@seedfleet/protocol';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf, decimal } from '../../shell/format';
import { WideTable } from '../../shell/wide-table';

type Commit = NonNullable<RoundDetails['commit']>;

/** The signed commit: what it names, what it holds, and whether signature, chain and reports fit. */
export function RoundCommit({ run, round, commit }: { run: number; round: number; commit: Commit }) {
  const { verified, groups } = commit;
  const holds = verified.link && verified.reports !== false;
  const facts: [string, string, boolean?][] = [
    ['Hash', commit.hash, true], ['Hash of the commit before', commit.previousHash, true], ['State after it', commit.stateHash, true], ['Hash of the reports', commit.reportsHash, true],
    ['Reports', String(commit.reports)], ['Learning rate', decimal(commit.learningRate, 6)], ['Size', `${commit.bytes} bytes, to each device`], ['Committed', dateTimeOf(commit.committedAt)],
  ];
  return (
    <Stack gap="sm" component="section" aria-labelledby="commit">
      <Title order={2} size="h5" id="commit">Commit</Title>
      <Alert color={holds ? 'teal' : 'red'} variant="outline" role={holds ? 'status' : 'alert'} title={holds ? 'The commit holds' : 'The commit does not hold'}>
        {verified.link ? 'It is signed by this coordinator and follows the commit before it.' : 'Its signature, or its place behind the commit before it, is wrong.'}
        {' '}{verified.reports === null ? 'Its raw reports are deleted, so that their hash can no longer be formed again.' : verified.reports ? 'The stored reports give the hash that it names.' : 'The stored reports do not give the hash that it names: they were changed since.'}
      </Alert>
      <WideTable label="The commit" columns={[{ label: 'What' }, { label: 'Value' }]} minWidth={320}>
        {facts.map(([name, value, isHash]) => <Table.Tr key={name}><Table.Td>{name}</Table.Td><Table.Td className={isHash === true ? 'mono' : undefined}>{value}</Table.Td></Table.Tr>)}
      </WideTable>
      <WideTable label="Seeds and coefficients" columns={[{ label: 'Group', number: true, hint: 'devices of one group look along the same directions' }, { label: 'Query', number: true }, { label: 'Seed', hint: 'derived from the manifest, the commit before, attempt, group and query; nobody chooses it' }, { label: 'Coefficient', number: true, hint: 'projected gradient: change of loss for each unit of step, nats' }]} minWidth={480}>
        {groups.flatMap(({ group, seeds, coefficients }) => seeds.map((seed, query) => (
          <Table.Tr key={`${group}.${query}`}><Table.Td className="number">{group}</Table.Td><Table.Td className="number">{query}</Table.Td><Table.Td className="mono">{seed}</Table.Td><Table.Td className="number">{(coefficients[query] ?? 0).toExponential(6)}</Table.Td></Table.Tr>
        )))}
      </WideTable>
      <CommandLine does={`Replay the whole log on your machine and compare every hash, that of round ${round} among them:`} line={`seedfleet runs verify ${run}`} />
    </Stack>
  );
}
