/** What the sign-in page says of a way over the identity provider that ended in a refusal. The address carries the code only: words in it could be anybody's. */
const words: Record<string, string> = {
  'identity.unreachable': 'The identity provider does not answer. Try again, or ask an admin whether the coordinator reaches it.',
  'identity.state': 'This answer does not belong to a sign-in that this browser began within the last ten minutes. Begin again.',
  'identity.denied': 'The identity provider did not let you in. Begin again to try another account.',
  'identity.answer': 'What the identity provider answered does not prove who you are. Begin again; if it stays, an admin finds the reason in the log of the coordinator.',
  'identity.not-allowed': 'This account may not come in here. Ask an admin.',
  'identity.no-role': 'This account has no role here. Ask an admin to give you one at the identity provider.',
  'operator.name-taken': 'Somebody with this name came in at the same moment. Begin again.',
  'request.rate-limited': 'Too many tries came from this address. Wait a minute, then begin again.',
};

/** @param hash of the address, with its # */
export function refusalIn(hash: string): string | null {
  const [, code] = /^#sign-in-refused=([a-z.-]+)$/.exec(hash) ?? [];
  return code === undefined ? null : words[code] ?? 'Signing in over the identity provider failed. Begin again.';
}

/** It has been read: a reload says it no more. */
export function forgetRefusal(): void {
  if (refusalIn(location.hash) !== null) history.replaceState(history.state, '', location.pathname + location.search);
}
