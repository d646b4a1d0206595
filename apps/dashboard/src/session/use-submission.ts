import { useState, type FormEvent } from 'react';
import { ApiError } from '../api/fetch-route';

/** Sends a form once at a time and keeps what went wrong, in the coordinator's words. */
export function useSubmission(send: () => Promise<void>) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    send()
      .catch((error: unknown) => setProblem(error instanceof ApiError ? error.message : 'The coordinator did not answer. Is it running?'))
      .finally(() => setBusy(false));
  };
  return { submit, problem, busy };
}
