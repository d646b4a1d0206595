import { Radio, Select, SimpleGrid, Stack, Switch, Text } from '@mantine/core';
import { type Group } from '@seedfleet/protocol';
import { NumberField, OptionalNumberField } from './number-field';
import { canaryDevicesDefault } from './run-draft';
import { type StepProps } from './task-step';

/** First commits on few devices, and what lets the others be asked. */
export function CanaryFields({ draft, change, groups }: StepProps & { groups: Group[] }) {
  const { canaryRounds: commits } = draft;
  return (
    <Stack>
      <Switch label="Ask a few devices first" checked={commits !== null} onChange={(event) => change(event.currentTarget.checked ? { canaryRounds: 3, canaryDevices: canaryDevicesDefault } : { canaryRounds: null, canaryDevices: null, canaryShare: null, canaryGroup: null })} />
      {commits === null ? null : (
        <>
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
            <NumberField label="Commits on these few" description="then their loss is evaluated and compared with that before" value={commits} min={1} onChange={(canaryRounds) => change({ canaryRounds })} />
            <OptionalNumberField label="How many devices" description="chosen by luck among those that are there" value={draft.canaryDevices} min={1} onChange={(canaryDevices) => change({ canaryDevices, ...(canaryDevices === null ? {} : { canaryShare: null }) })} />
            <OptionalNumberField label="Or which share of them" description="of the devices of the run, 0 to 1" value={draft.canaryShare} min={0} max={1} whole={false} onChange={(canaryShare) => change({ canaryShare, ...(canaryShare === null ? {} : { canaryDevices: null }) })} />
            <Select label="Only of the group" description="empty: any device of the run" placeholder="any device" clearable data={groups.map(({ id, name }) => ({ value: id, label: name }))} value={draft.canaryGroup} onChange={(canaryGroup) => change({ canaryGroup })} />
            <NumberField label="Departures at most" description="share of those asked that may leave or stay silent, 0 to 1" value={draft.canaryDepartures} min={0} max={1} whole={false} onChange={(canaryDepartures) => change({ canaryDepartures })} />
          </SimpleGrid>
          <Radio.Group label="If it did not go well" value={draft.canaryFailure} onChange={(value) => change({ canaryFailure: value === 'fail' ? 'fail' : 'pause' })}>
            <Stack gap="xs" mt="xs"><Radio value="pause" label="Pause the run, with the cause" /><Radio value="fail" label="End it as failed" /></Stack>
          </Radio.Group>
          <Text size="sm" c="dimmed">The others are asked once the loss on held-out examples did not rise. Devices with held-out examples must be among the few: without an evaluation it counts as not well.</Text>
        </>
      )}
    </Stack>
  );
}
