import { Alert, Button, Card, Code, Divider, PasswordInput, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core';
import { type SignInMeans } from '@seedfleet/protocol';
import { useEffect, useState, type ReactNode } from 'react';
import { fetchRoute } from '../api/fetch-route';
import { forgetRefusal, refusalIn } from './identity-refusal';
import { oneTimeLinkIn } from './one-time-link';
import { useSession } from './session';
import { SetPassword } from './set-password';
import { useSubmission } from './use-submission';

type Means = 'password' | 'token';

/** Lets a person in: by name and password, by an API token, or by a one-time link that sets the password first. */
export function SignIn() {
  const [link] = useState(() => oneTimeLinkIn(location.hash));
  const [linkDone, setLinkDone] = useState(link === null);
  const [means, setMeans] = useState<Means>('password');
  if (link !== null && !linkDone) return <Door><SetPassword link={link} onSkip={() => setLinkDone(true)} /></Door>;
  return (
    <Door>
      <ByIdentityProvider />
      <SegmentedControl fullWidth aria-label="Sign in by" value={means} onChange={(value) => setMeans(value === 'token' ? 'token' : 'password')}
        data={[{ value: 'password', label: 'Name and password' }, { value: 'token', label: 'API token' }]} />
      {means === 'password' ? <ByPassword /> : <ByToken />}
    </Door>
  );
}

/** The way over the identity provider, where this coordinator knows one, and what came of the last try. */
function ByIdentityProvider() {
  const [refusal] = useState(() => refusalIn(location.hash));
  const [means, setMeans] = useState<SignInMeans | null>(null);
  useEffect(() => {
    forgetRefusal();
    // No coordinator, no button: the other means say what is wrong.
    fetchRoute('showSignInMeans', { token: '' }).then(setMeans, () => undefined);
  }, []);
  const provider = means?.identityProvider ?? null;
  return (
    <>
      {refusal !== null && <Alert color="red" variant="outline" role="alert" title="You are not signed in">{refusal}</Alert>}
      {provider !== null && (
        <>
          <Button component="a" href={`${provider.path}?returnTo=${encodeURIComponent(location.pathname + location.search)}`}>Sign in with {provider.name}</Button>
          <Divider label="or" />
        </>
      )}
    </>
  );
}

function Door({ children }: { children: ReactNode }) {
  return (
    <Stack component="main" align="center" justify="center" mih="100vh" p="md">
      <Card withBorder w="100%" maw={460} p="xl">
        <Stack>
          <Title order={1} size="h2">Seedfleet</Title>
          {children}
        </Stack>
      </Card>
    </Stack>
  );
}

function ByPassword() {
  const { signIn } = useSession();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const { submit, problem, busy } = useSubmission(async () => signIn((await fetchRoute('createSession', { token: '', body: { name, password } })).crossSiteProof));
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text c="dimmed">Nobody has a password yet? The coordinator printed a one-time link when it started; it also stands in the file <Code>first-login</Code> in its home folder.</Text>
        <TextInput label="Name" value={name} autoFocus required autoComplete="username" onChange={(event) => setName(event.currentTarget.value)} />
        <PasswordInput label="Password" value={password} error={problem} required autoComplete="current-password" onChange={(event) => setPassword(event.currentTarget.value)} />
        <Button type="submit" loading={busy}>Sign in</Button>
      </Stack>
    </form>
  );
}

/** Tries the token, and keeps it if the coordinator knows it. */
function ByToken() {
  const { signIn } = useSession();
  const [token, setToken] = useState('');
  const { submit, problem, busy } = useSubmission(async () => {
    await fetchRoute('whoami', { token: token.trim() });
    signIn(token.trim());
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text c="dimmed">The first token stands in the file <Code>admin-token</Code> in the coordinator&apos;s home folder.</Text>
        <PasswordInput label="API token" value={token} error={problem} autoFocus required autoComplete="off" onChange={(event) => setToken(event.currentTarget.value)} />
        <Button type="submit" loading={busy}>Sign in</Button>
      </Stack>
    </form>
  );
}
