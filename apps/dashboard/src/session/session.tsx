import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { fetchRoute } from '../api/fetch-route';
import { oneTimeLinkIn } from './one-time-link';

const storageKey = 'seedfleet.token';
/** Begins the half of a cookie session that script may read; an API token begins otherwise. */
const proofPrefix = 'sfc_';

interface Session {
  /** what goes behind `Bearer`: an API token, or the proof of the session whose cookie the browser sends by itself */
  token: string | null;
  signIn: (token: string) => void;
  signOut: () => void;
}

const SessionContext = createContext<Session | null>(null);

/** Who works here: by an API token, kept for this tab only, or by the session of the cookie, which a new tab finds again. */
export function SessionProvider({ children }: { children: ReactNode }) {
  // Whoever opens a one-time link wants to use it, whoever was signed in here before.
  const [token, setToken] = useState(() => (oneTimeLinkIn(location.hash) === null ? sessionStorage.getItem(storageKey) : null));
  const [looking, setLooking] = useState(token === null && oneTimeLinkIn(location.hash) === null);
  const session = useMemo<Session>(() => ({
    token,
    signIn: (next) => {
      sessionStorage.setItem(storageKey, next);
      setToken(next);
    },
    signOut: () => {
      sessionStorage.removeItem(storageKey);
      setToken(null);
      // A session that has ended already is refused, which is as good.
      if (token?.startsWith(proofPrefix) === true) fetchRoute('deleteSession', { token }).catch(() => undefined);
    },
  }), [token]);
  useEffect(() => {
    if (!looking) return;
    fetchRoute('showSession', { token: '' })
      .then(({ session: found }) => { if (found !== null) session.signIn(found.crossSiteProof); })
      .catch(() => undefined) // No coordinator, no session: the sign-in says what is wrong.
      .finally(() => setLooking(false));
  }, [looking, session]);
  return <SessionContext.Provider value={session}>{looking ? null : children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('useSession needs a SessionProvider above it.');
  return session;
}
