import { Alert, Button, Card, FileInput, Group, Progress, Stack, Text, TextInput, Title } from '@mantine/core';
import { type Model } from '@seedfleet/protocol';
import { useState, type FormEvent } from 'react';
import { CommandLine } from '../../shell/command-line';
import { bytesText } from '../../shell/format';
import { shellWord } from '../../shell/shell-words';
import { roleOf, useModelUpload } from './use-model-upload';

/** Adds a model from files on the operator's disk. Choosing the same files again goes on where an upload stopped. */
export function UploadModel({ models }: { models: Model[] }) {
  const [files, setFiles] = useState<File[]>([]);
  const [name, setName] = useState('');
  const [output, setOutput] = useState('sentence_embedding');
  const [ids, setIds] = useState('input_ids');
  const [mask, setMask] = useState('attention_mask');
  const upload = useModelUpload(models);
  const graphs = files.filter((file) => roleOf(file) === 'model');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    upload.mutate({ name: name.trim(), output, inputs: { ids, mask }, files });
  };
  const line = `seedfleet models add ./${graphs[0]?.name ?? 'encoder'} --name ${shellWord(name.trim() || 'encoder')} --output ${shellWord(output)} --ids ${shellWord(ids)} --mask ${shellWord(mask)}`;
  return (
    <Card withBorder component="section" aria-labelledby="add-model">
      <Stack>
        <Title order={2} size="h4" id="add-model">Add a model</Title>
        <form onSubmit={submit}>
          <Stack>
            <FileInput label="Files" description="The .onnx file, its tokenizer.json, and its external weights if it has any" placeholder="Choose files" multiple required value={files} onChange={setFiles}
              error={files.length > 0 && graphs.length !== 1 ? 'Choose exactly one .onnx file.' : null} />
            <Group grow preventGrowOverflow={false}>
              <TextInput label="Name" required value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} />
              <TextInput label="Output that the head reads" required value={output} onChange={(event) => setOutput(event.currentTarget.value)} />
              <TextInput label="Input of the token ids" required value={ids} onChange={(event) => setIds(event.currentTarget.value)} />
              <TextInput label="Input of the mask" required value={mask} onChange={(event) => setMask(event.currentTarget.value)} />
            </Group>
            <Group><Button type="submit" loading={upload.isPending} disabled={graphs.length !== 1}>Upload</Button></Group>
          </Stack>
        </form>
        {upload.progress === null ? null : (
          <div role="status">
            <Text size="sm">{upload.progress.doing}: {bytesText(upload.progress.done)} of {bytesText(upload.progress.total)}</Text>
            <Progress value={(100 * upload.progress.done) / Math.max(1, upload.progress.total)} aria-label="Progress of the upload" />
          </div>
        )}
        {upload.error === null ? null : <Alert color="red" variant="outline" role="alert" title="The model was not added">{upload.error.message}</Alert>}
        <CommandLine does="The same from a terminal:" line={line} />
      </Stack>
    </Card>
  );
}
