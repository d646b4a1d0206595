import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fetchRoute } from '../api/fetch-route';
import { forgetOneTimeLink, type OneTimeLink } from './one-time-link';
import { useSession } from './session';
import { useSubmission } from './use-submission';

/** As the coordinator asks for it. */
const charactersMin = 12;

/** What a one-time link leads to: a password, the first time a name too, and in. */
export function SetPassword({ link, onSkip }: { link: OneTimeLink; onSkip: () => void }) {
  const { signIn } = useSession();
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const differs = again !== '' && again !== password;
  const { submit, problem, busy } = useSubmission(async () => {
    const { crossSiteProof } = await fetchRoute('acceptInvitation', { token: '', body: { invitation: link.invitation, password, ...(link.choosesName ? { name } : {}) } });
    forgetOneTimeLink();
    signIn(crossSiteProof);
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text c="dimmed">{link.choosesName ? 'Welcome. Choose the name and the password of the first admin.' : 'Welcome. Choose the password that you will sign in with.'} This link is good once.</Text>
        {link.choosesName && <TextInput label="Name" description="The audit log shows it beside what you change." value={name} required autoComplete="username" onChange={(event) => setName(event.currentTarget.value)} />}
        <PasswordInput label="New password" description={`${charactersMin} characters or more`} value={password} error={problem} autoFocus required minLength={charactersMin} autoComplete="new-password"
          onChange={(event) => setPassword(event.currentTarget.value)} />
        <PasswordInput label="New password again" value={again} error={differs ? 'The two are not the same.' : null} required autoComplete="new-password" onChange={(event) => setAgain(event.currentTarget.value)} />
        <Button type="submit" loading={busy} disabled={differs}>Set password and sign in</Button>
        <Button variant="subtle" onClick={() => { forgetOneTimeLink(); onSkip(); }}>Sign in otherwise</Button>
      </Stack>
    </form>
  );
}
