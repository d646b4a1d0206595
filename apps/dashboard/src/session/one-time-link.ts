/** What an address leads to: setting the first admin's name and password, or only the password of somebody who was invited. */
export interface OneTimeLink {
  invitation: string;
  choosesName: boolean;
}

/** @param hash of the address, with its # */
export function oneTimeLinkIn(hash: string): OneTimeLink | null {
  const [, kind, invitation] = /^#(first-login|invitation)=([\w-]+)$/.exec(hash) ?? [];
  return invitation === undefined ? null : { invitation, choosesName: kind === 'first-login' };
}

/** Takes the invitation out of the address and the history: it is spent. */
export function forgetOneTimeLink(): void {
  history.replaceState(history.state, '', location.pathname + location.search);
}
