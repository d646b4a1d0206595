import { Stack, Table, Text, Title } from '@mantine/core';
import { type Model } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { EmptyState } from '../../shell/empty-state';
import { bytesText, dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { UploadModel } from './upload-model';

const columns = [
  { label: 'Model' }, { label: 'State' }, { label: 'Size', number: true, hint: 'all files together, as a device downloads them' },
  { label: 'Adapter sites', number: true, hint: 'linear layers that an adapter can sit at' }, { label: 'Output width', number: true, hint: 'd of the output [batch, d] that the head reads' }, { label: 'Added' },
];

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

function stateOf(model: Model): string {
  if (model.state === 'ready') return 'ready';
  const received = sum(model.files.map((file) => file.received));
  return `uploading, ${bytesText(received)} of ${bytesText(sum(model.files.map((file) => file.bytes)))}`;
}

/** Base models that runs fine-tune. */
export function ModelsPage() {
  const query = useRoute('listModels');
  const models = query.data?.items ?? [];
  return (
    <Stack>
      <Title order={1} size="h2">Models</Title>
      <QueryState query={query}>
        {models.length === 0
          ? (
            <EmptyState title="No model yet">
              <Text>A model is an .onnx file with its tokenizer.json. Its weights stay as they are: a run trains small adapters beside them. Add one below.</Text>
            </EmptyState>
          )
          : (
            <WideTable label="Models" columns={columns} minWidth={760}>
              {models.map((model) => (
                <Table.Tr key={model.id}>
                  <Table.Td><Text component={Link} to={`/models/${model.id}`} size="sm" td="underline">{model.name}</Text></Table.Td>
                  <Table.Td>{stateOf(model)}</Table.Td>
                  <Table.Td className="number">{bytesText(sum(model.files.map((file) => file.bytes)))}</Table.Td>
                  <Table.Td className="number">{model.sites.length}</Table.Td>
                  <Table.Td className="number">{model.outputWidth ?? '–'}</Table.Td>
                  <Table.Td>{dateTimeOf(model.createdAt)}</Table.Td>
                </Table.Tr>
              ))}
            </WideTable>
          )}
      </QueryState>
      <UploadModel models={models} />
    </Stack>
  );
}
