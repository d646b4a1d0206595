import { Stack, Text, Title } from '@mantine/core';
import { NewToken } from './new-token';
import { PendingDevices } from './pending-devices';
import { TokenList } from './token-list';

/** How devices come into the fleet: a token, a line to run on the device, an operator who compares fingerprints. */
export function EnrolmentPage() {
  return (
    <Stack>
      <Title order={1} size="h2">Enrolment</Title>
      <Text>A device makes its own key and shows a token that you made. Its private key and its data never leave it.</Text>
      <NewToken />
      <PendingDevices />
      <TokenList />
    </Stack>
  );
}
