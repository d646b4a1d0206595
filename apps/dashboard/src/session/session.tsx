import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';

const storageKey = 'seedfleet.token';

interface Session {
  token: string | null;
  signIn: (token: string) => void;
  signOut: () => void;
}

const SessionContext = createContext<Session | null>(null);

/** The operator's API token, kept for this tab only: closing it signs out. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(() => sessionStorage.getItem(storageKey));
  const session = useMemo<Session>(() => ({
    token,
    signIn: (next) => {
      sessionStorage.setItem(storageKey, next);
      setToken(next);
    },
    signOut: () => {
      sessionStorage.removeItem(storageKey);
      setToken(null);
    },
  }), [token]);
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('useSession needs a SessionProvider above it.');
  return session;
}
