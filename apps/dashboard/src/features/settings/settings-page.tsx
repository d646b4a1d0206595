import { Stack, Text, Title } from '@mantine/core';
import { useRoute } from '../../api/use-route';
import { ApiTokens } from './api-tokens';
import { Operators } from './operators';
import { ServerFacts } from './server-facts';

/** Who may do what, and what this coordinator is. */
export function SettingsPage() {
  const me = useRoute('whoami');
  return (
    <Stack>
      <Title order={1} size="h2">Settings</Title>
      <Text>{me.data === undefined ? '' : `You are ${me.data.name}, ${me.data.role}.`}</Text>
      {me.data?.role === 'admin' ? <Operators /> : null}
      <ApiTokens />
      <ServerFacts />
    </Stack>
  );
}
