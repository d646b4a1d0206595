import { randomBytes } from 'node:crypto';
import { apiPrefix, routes, type RouteName } from '@seedfleet/protocol';
import { openApiDocument } from '../health/openapi.js';
import { Luck } from '../app/surroundings.js';
import { Database } from '../database/database.js';
import { sha256, utf8 } from '@seedfleet/ledger';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { problemOf } from '../testing/operator-hands.js';
import { crossSiteProofOf } from './session-cookie.js';

/** Who may do what, written down a second time: a route that is not here, or changes its role, fails. */
const mayUse: Record<RouteName, 'anyone' | 'viewer' | 'viewer, device' | 'operator' | 'admin'> = {
  whoami: 'viewer',
  createSession: 'anyone', showSignInMeans: 'anyone', startIdentity: 'anyone', finishIdentity: 'anyone', showSession: 'anyone', acceptInvitation: 'anyone', deleteSession: 'viewer',
  listOperators: 'admin', showOperator: 'admin', inviteOperator: 'admin', renewInvitation: 'admin', changeOperatorRole: 'admin', disableOperator: 'admin', enableOperator: 'admin',
  createApiToken: 'viewer', listApiTokens: 'viewer', deleteApiToken: 'viewer',
  listAuditEntries: 'operator', verifyAudit: 'operator', exportAudit: 'operator',
  createEnrolmentToken: 'operator', listEnrolmentTokens: 'operator', deleteEnrolmentToken: 'operator',
  listDevices: 'viewer', showDevice: 'viewer', approveDevice: 'operator', suspendDevice: 'operator', resumeDevice: 'operator', revokeDevice: 'operator',
  countDevices: 'viewer', changeDevices: 'operator', changeDeviceTags: 'operator', createReturnToken: 'operator', listDeviceTimeline: 'viewer',
  pingDevice: 'operator', resyncDevice: 'operator', diagnoseDevice: 'operator', showDeviceLog: 'operator', rotateDeviceKey: 'operator',
  listAlerts: 'viewer', createAlertRule: 'operator', listAlertRules: 'viewer', changeAlertRule: 'operator', silenceAlertRule: 'operator', deleteAlertRule: 'operator',
  createAlertChannel: 'admin', listAlertChannels: 'operator', deleteAlertChannel: 'admin', testAlertChannel: 'operator',
  createGroup: 'operator', listGroups: 'viewer', showGroup: 'viewer', changeGroup: 'operator', deleteGroup: 'operator', addGroupMembers: 'operator', removeGroupMembers: 'operator',
  createModel: 'operator', listModels: 'viewer', showModel: 'viewer', uploadModelFile: 'operator', downloadModelFile: 'viewer, device',
  createRun: 'operator', previewRun: 'viewer', showRunRequest: 'viewer', branchRun: 'operator', listRuns: 'viewer', showRun: 'viewer', startRun: 'operator', pauseRun: 'operator', resumeRun: 'operator', stopRun: 'operator',
  showManifest: 'viewer, device', downloadLog: 'viewer, device', downloadCheckpoint: 'viewer, device', downloadRunFile: 'viewer, device',
  listRounds: 'viewer', showSeries: 'viewer', showRound: 'viewer', listRoundDevices: 'operator', showParticipation: 'viewer', showStateHashes: 'viewer', showDisclosure: 'viewer', listDisclosures: 'viewer',
  listRunEvents: 'operator', showOverview: 'viewer', showSystem: 'operator', listEvaluations: 'viewer', listAssignments: 'viewer', summariseAssignments: 'viewer', listArtifacts: 'viewer', downloadArtifact: 'viewer',
  enrolDevice: 'anyone', changeDeviceKey: 'anyone', createChallenge: 'anyone', createCredential: 'anyone',
  metrics: 'viewer', livez: 'anyone', readyz: 'anyone', startupz: 'anyone', version: 'anyone', openApi: 'anyone',
};

let fleet: CoordinatorUnderTest;
const tokens = { viewer: '', operator: '', admin: '', scoped: '', device: '' };
const luck = new Luck((count) => new Uint8Array(randomBytes(count)));
/** ids of operators by role */
const ids = { viewer: '', operator: '', admin: '' };

type Role = keyof typeof ids;

async function anOperator(database: Database, role: Role): Promise<string> {
  ids[role] = luck.id('op');
  await database.prisma.operator.create({ data: { id: ids[role], name: `spec ${role}`, role, createdAt: new Date() } });
  return aToken(database, { owner: role, role: null });
}

/** @param role what the token is scoped to */
async function aToken(database: Database, { owner, role }: { owner: Role; role: Role | null }): Promise<string> {
  const token = `sft_spec_${owner}_${role}`;
  await database.prisma.apiToken.create({ data: { id: luck.id('key'), operatorId: ids[owner], name: 'spec', role, hash: new Uint8Array(sha256(utf8(token))), createdAt: new Date() } });
  return token;
}

/** A session of its own for each request: signing out is one of the routes. */
async function aSession(owner: Role): Promise<string> {
  const secret = Buffer.from(luck.bytes(32)).toString('base64url');
  const expiresAt = new Date(Date.now() + 3_600_000);
  await fleet.coordinator.database.prisma.operatorSession.create({ data: { id: luck.id('ses'), operatorId: ids[owner], hash: new Uint8Array(sha256(utf8(secret))), createdAt: new Date(), expiresAt } });
  return secret;
}

beforeAll(async () => {
  fleet = await aCoordinator();
  tokens.viewer = await anOperator(fleet.coordinator.database, 'viewer');
  tokens.operator = await anOperator(fleet.coordinator.database, 'operator');
  tokens.admin = await anOperator(fleet.coordinator.database, 'admin');
  tokens.scoped = await aToken(fleet.coordinator.database, { owner: 'admin', role: 'viewer' });
  tokens.device = (await (await DeviceUnderTest.enrol(fleet)).credential()).credential;
}, 60_000);

afterAll(() => fleet.close());

/** The codes of the guard; anything else means that the caller got past it (to a 404, say: nothing here exists). */
async function guardOf(name: RouteName, token: string | null, cookie?: string): Promise<string> {
  const { method, path } = routes[name];
  const answer = await fleet.call(method, `${path.replace(':id', path.includes('/runs/') ? '999' : 'nothing')}${path.endsWith('/files') ? '?path=a' : ''}`, {
    token, ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }), ...(cookie === undefined ? {} : { headers: { cookie: `seedfleet-session=${cookie}` } }),
  });
  const code = answer.status >= 400 ? problemOf(answer).code : 'in';
  return ['operator.unauthenticated', 'operator.forbidden', 'operator.cross-site', 'credential.invalid'].includes(code) ? code : 'in';
}

const ranks = ['viewer', 'operator', 'admin'];

test.each(Object.entries(mayUse) as [RouteName, string][])('%s is for: %s', async (name, who) => {
  const [out, low, forged] = ['operator.unauthenticated', 'operator.forbidden', 'operator.cross-site'];
  const least = ranks.indexOf(who.split(',')[0] ?? '');
  const asRole = (role: Role) => (ranks.indexOf(role) >= least ? 'in' : low);
  const session = { viewer: await aSession('viewer'), admin: await aSession('admin'), bare: await aSession('admin'), other: await aSession('admin'), foreign: await aSession('admin') };
  const guards = {
    nobody: await guardOf(name, null), wrong: await guardOf(name, 'sft_wrong'), device: await guardOf(name, tokens.device),
    viewer: await guardOf(name, tokens.viewer), operator: await guardOf(name, tokens.operator), admin: await guardOf(name, tokens.admin), scopedToViewer: await guardOf(name, tokens.scoped),
    viewerSession: await guardOf(name, crossSiteProofOf(session.viewer), session.viewer), adminSession: await guardOf(name, crossSiteProofOf(session.admin), session.admin),
    proofWithoutCookie: await guardOf(name, crossSiteProofOf(session.other)), cookieOfNobody: await guardOf(name, null, 'nobody'),
    cookieAlone: await guardOf(name, null, session.bare), proofOfAnother: await guardOf(name, crossSiteProofOf(session.other), session.foreign),
  };
  const forAll = who === 'anyone';
  expect(guards).toEqual({
    nobody: forAll ? 'in' : out, wrong: forAll ? 'in' : out, device: forAll || who === 'viewer, device' ? 'in' : out,
    viewer: asRole('viewer'), operator: asRole('operator'), admin: 'in', scopedToViewer: asRole('viewer'),
    viewerSession: asRole('viewer'), adminSession: 'in',
    proofWithoutCookie: forAll ? 'in' : out, cookieOfNobody: forAll ? 'in' : out,
    cookieAlone: forAll || routes[name].method === 'GET' ? 'in' : forged, proofOfAnother: forAll ? 'in' : forged,
  });
});

test('every route of the table is served, and described in the OpenAPI document', async () => {
  const document = (await fleet.call('GET', `${apiPrefix}/openapi.json`, { token: null })).json as ReturnType<typeof openApiDocument> & { paths: Record<string, Record<string, { operationId: string; 'x-role': string }>> };
  expect(document['openapi']).toBe('3.1.0');
  const described = Object.values(document.paths).flatMap((operations) => Object.values(operations).map(({ operationId }) => operationId));
  expect(described.sort()).toEqual(Object.keys(routes).sort());
  for (const name of Object.keys(routes) as RouteName[]) {
    const { method, path } = routes[name];
    const answer = await fleet.call(method, path.replace(':id', '1'), { token: tokens.admin, ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }) });
    expect([name, answer.status >= 400 ? problemOf(answer).code : '']).not.toEqual([name, 'request.unknown-route']);
  }
});
