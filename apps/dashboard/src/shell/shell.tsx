import { AppShell, Burger, Button, Group, NavLink, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useSession } from '../session/session';
import { SignIn } from '../session/sign-in';
import { Freshness } from './freshness';

const pages = [
  { to: '/', label: 'Overview' },
  { to: '/devices', label: 'Devices' },
  { to: '/groups', label: 'Groups' },
  { to: '/enrolment', label: 'Enrolment' },
  { to: '/models', label: 'Models' },
  { to: '/runs', label: 'Runs' },
  { to: '/alerts', label: 'Alerts' },
  { to: '/audit', label: 'Audit' },
  { to: '/system', label: 'System' },
  { to: '/settings', label: 'Settings' },
] as const;

/** Header, navigation and the page; or the sign-in where there is no session. */
export function Shell() {
  const { token, signOut } = useSession();
  const [open, { toggle, close }] = useDisclosure(false);
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const { pathname } = useLocation();
  if (token === null) return <SignIn />;
  const here = (to: string) => (to === '/' ? pathname === '/' : pathname.startsWith(to));
  const buttons = (
    <>
      <Button variant="default" size="xs" onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}>{scheme === 'dark' ? 'Light' : 'Dark'}</Button>
      <Button variant="default" size="xs" onClick={signOut}>Sign out</Button>
    </>
  );
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !open } }} padding="md" transitionDuration={0}>
      <a href="#page" className="skip-link">Skip to the page</a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Text fw={700} size="lg">Seedfleet</Text>
            <Freshness />
          </Group>
          <Group gap="xs" wrap="nowrap" visibleFrom="sm">{buttons}</Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        {pages.map(({ to, label }) => <NavLink key={to} component={Link} to={to} label={label} className="page-link" onClick={close} aria-current={here(to) ? 'page' : undefined} />)}
        <Group gap="xs" p="xs" hiddenFrom="sm">{buttons}</Group>
      </AppShell.Navbar>
      <AppShell.Main id="page" tabIndex={-1}><Outlet /></AppShell.Main>
    </AppShell>
  );
}
