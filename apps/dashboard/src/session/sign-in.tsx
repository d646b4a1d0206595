import { Button, Card, Code, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { ApiError, fetchRoute } from '../api/fetch-route';
import { useSession } from './session';

/** Asks for an API token, tries it, and keeps it if the coordinator knows it. */
export function SignIn() {
  const { signIn } = useSession();
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    fetchRoute('whoami', { token: token.trim() })
      .then(() => signIn(token.trim()))
      .catch((error: unknown) => setProblem(error instanceof ApiError ? error.message : 'The coordinator did not answer. Is it running?'))
      .finally(() => setBusy(false));
  };
  return (
    <Stack component="main" align="center" justify="center" mih="100vh" p="md">
      <Card withBorder w="100%" maw={460} p="xl">
        <form onSubmit={submit}>
          <Stack>
            <Title order={1} size="h2">Seedfleet</Title>
            <Text c="dimmed">Sign in with an API token. The first one stands in the file <Code>admin-token</Code> in the coordinator&apos;s home folder.</Text>
            <PasswordInput label="API token" value={token} error={problem} autoFocus required onChange={(event) => setToken(event.currentTarget.value)} />
            <Button type="submit" loading={busy}>Sign in</Button>
          </Stack>
        </form>
      </Card>
    </Stack>
  );
}
