// A real OpenID Connect provider (oidc-provider) as a process of its own. Whoever comes is let in as the account that `login_hint` names, or the first.
// argv: the redirect URIs of the client, and the accounts with their claims, as JSON. Prints its address when it serves.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { redirectUris, accounts, idTokenSeconds } = JSON.parse(process.argv[2]);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'seedfleet', client_secret: 'a secret between the two of them', redirect_uris: redirectUris, grant_types: ['authorization_code'], response_types: ['code'] }],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
    features: { devInteractions: { enabled: false } },
    ttl: { IdToken: () => idTokenSeconds, AccessToken: 60, AuthorizationCode: 60, Interaction: 600, Session: 600, Grant: 600 },
    cookies: { keys: ['of a spec'] },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, id) => (accounts[id] === undefined ? undefined : { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
    async loadExistingGrant({ oidc: { client, session } }) {
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  provider.proxy = false;
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    const { params } = await provider.interactionDetails(request, response);
    const refused = params.login_hint === 'nobody';
    await provider.interactionFinished(request, response, refused ? { error: 'access_denied' } : { login: { accountId: params.login_hint ?? Object.keys(accounts)[0] } }, { mergeWithLastSubmission: false });
  });
  process.stdout.write(`${issuer}\n`);
});
