import { Stack, Table, Text, Title } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { bytesText, countText } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const siteColumns = [{ label: 'Site' }, { label: 'Inputs', number: true }, { label: 'Outputs', number: true }, { label: 'Weights', number: true, hint: 'inputs times outputs: frozen' }];
const fileColumns = [{ label: 'File' }, { label: 'Role' }, { label: 'Size', number: true }, { label: 'SHA-256' }];

/** One base model: what it is read through, its files, where adapters can sit. */
export function ModelPage() {
  const { id } = useParams({ from: '/models/$id' });
  const query = useRoute('showModel', { params: { id } });
  const model = query.data;
  return (
    <QueryState query={query}>
      {model === undefined ? null : (
        <Stack>
          <Title order={1} size="h2">{model.name}</Title>
          <Text>
            {model.state}; the head reads <span className="mono">{model.output}</span>{model.outputWidth === null ? '' : ` of width ${model.outputWidth}`}; token ids go
            into <span className="mono">{model.inputs.ids}</span>, {model.inputs.mask === undefined ? 'and no mask' : <>their mask into <span className="mono">{model.inputs.mask}</span></>}. Good for: {model.tasks.join(', ') || 'nothing yet'}{model.pool === undefined ? '' : `, pooled by ${model.pool}`}. Id <span className="mono">{model.id}</span>.
          </Text>
          <Title order={2} size="h4">Files</Title>
          <WideTable label="Files" columns={fileColumns} minWidth={720}>
            {model.files.map((file) => (
              <Table.Tr key={file.path}>
                <Table.Td>{file.path}</Table.Td><Table.Td>{file.role}</Table.Td>
                <Table.Td className="number">{bytesText(file.bytes)}</Table.Td><Table.Td className="mono">{file.sha256}</Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
          <Title order={2} size="h4">Adapter sites</Title>
          {model.sites.length === 0 ? <Text>They are listed once all files have arrived.</Text> : (
            <WideTable label="Adapter sites" columns={siteColumns}>
              {model.sites.map((site) => (
                <Table.Tr key={site.name}>
                  <Table.Td className="mono">{site.name}</Table.Td><Table.Td className="number">{countText(site.inputs)}</Table.Td>
                  <Table.Td className="number">{countText(site.outputs)}</Table.Td><Table.Td className="number">{countText(site.inputs * site.outputs)}</Table.Td>
                </Table.Tr>
              ))}
            </WideTable>
          )}
        </Stack>
      )}
    </QueryState>
  );
}
