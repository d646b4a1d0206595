import { List, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { usePages } from '../../api/use-pages';
import { useRoute } from '../../api/use-route';
import { Figure } from '../../shell/figure';
import { bytesText, countText, dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { VirtualTable } from '../../shell/virtual-table';

const columns = [
  { label: 'Device' }, { label: 'Reports', number: true, hint: 'recorded here, abandoned attempts too' }, { label: 'Differences', number: true, hint: 'scalars: reports × queries' }, { label: 'Bytes', number: true, hint: 'reports and answers to starts, by the measured packet sizes' },
  { label: 'Examples measured', number: true, hint: 'added up over reports: an example that was measured twice counts twice' }, { label: 'Last report' },
];
const never = ['text and labels', 'tokens', 'activations and logits', 'weights and gradients', 'the loss of an example, or of a batch'];

/** What left the devices so far, in scalars and bytes; what never does; and what holds a device back. */
export function RunPrivacy({ run }: { run: Run }) {
  const query = useRoute('showDisclosure', { params: { id: run.id } });
  const pages = usePages('listDisclosures', { params: { id: run.id }, query: { limit: 200 } });
  const told = query.data;
  return (
    <QueryState query={query}>
      {told === undefined ? null : (
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
            <Figure label="differences of loss left the devices" value={countText(told.differences)} hint={`${countText(told.reports)} reports of ${told.queries} float32 each, abandoned attempts too`} />
            <Figure label="sums over held-out examples left them" value={countText(told.evaluationNumbers)} hint="of each device and evaluation: loss, correct, count, and three for each class where the task has classes" />
            <Figure label="sent by all devices" value={bytesText(told.bytesUp)} hint="reports and answers, by the measured packet sizes" />
            <Figure label="sent to all devices" value={bytesText(told.bytesDown)} hint="starts, answers and commits; without the model" />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <Stack gap="xs" component="section" aria-labelledby="never">
              <Title order={2} size="h5" id="never">What never leaves a device</Title>
              <List>{never.map((one) => <List.Item key={one}>{one}</List.Item>)}</List>
              <Text size="sm">There is no message of the protocol that could carry them. What does leave is not nothing: a difference is a projection of the gradient of a batch, and this coordinator sees it device by device.</Text>
            </Stack>
            <Stack gap="xs" component="section" aria-labelledby="holds">
              <Title order={2} size="h5" id="holds">What holds it back</Title>
              <List>
                <List.Item>{told.mechanism === 'none' ? 'Differential privacy: none in this run. No noise is added and there is no epsilon to spend.' : `Mechanism: ${told.mechanism}.`}</List.Item>
                <List.Item>Secure aggregation: none; reports are stored as they came, until retention deletes them.</List.Item>
                <List.Item>Directions come from the hash of the log: this coordinator cannot choose what it asks along.</List.Item>
                <List.Item>Every attempt takes a fresh batch, and each owner's policy has a budget of scalars a day that counts abandoned attempts. A device that has used it up declines with “budget”: the tab Rounds counts those.</List.Item>
                <List.Item>{told.reportsKeptFrom === null ? 'All raw reports are still kept.' : `Raw reports of rounds before ${told.reportsKeptFrom} are deleted.`} The page System says how long they stay.</List.Item>
              </List>
            </Stack>
          </SimpleGrid>
          <Title order={2} size="h5">Device by device{told.reportsKeptFrom === null ? '' : `, from round ${told.reportsKeptFrom} on`}</Title>
          <QueryState query={pages}>
            {pages.items.length === 0 ? <Text>No device takes part yet: nothing has left any.</Text> : (
              <VirtualTable label="What left each device" columns={columns} minWidth={760} pages={pages} keyOf={({ device }) => device}>
                {(row) => (
                  <>
                    <Table.Td>{row.name}</Table.Td><Table.Td className="number">{countText(row.reports)}</Table.Td><Table.Td className="number">{countText(row.differences)}</Table.Td>
                    <Table.Td className="number">{bytesText(row.bytesUp)}</Table.Td><Table.Td className="number">{countText(row.examples)}</Table.Td><Table.Td>{dateTimeOf(row.lastReportAt)}</Table.Td>
                  </>
                )}
              </VirtualTable>
            )}
          </QueryState>
        </Stack>
      )}
    </QueryState>
  );
}
