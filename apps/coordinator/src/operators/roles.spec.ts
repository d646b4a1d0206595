import { randomBytes } from 'node:crypto';
import { apiPrefix, routes, type RouteName } from '@seedfleet/protocol';
import { openApiDocument } from '../health/openapi.js';
import { Luck } from '../app/surroundings.js';
import { Database } from '../database/database.js';
import { sha256, utf8 } from '@seedfleet/ledger';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { problemOf } from '../testing/operator-hands.js';

/** Who may do what, written down a second time: a route that is not here, or changes its role, fails. */
const mayUse: Record<RouteName, 'anyone' | 'viewer' | 'viewer, device' | 'operator'> = {
  whoami: 'viewer',
  createEnrolmentToken: 'operator', listEnrolmentTokens: 'operator', deleteEnrolmentToken: 'operator',
  listDevices: 'viewer', showDevice: 'viewer', approveDevice: 'operator', suspendDevice: 'operator', resumeDevice: 'operator', revokeDevice: 'operator',
  createModel: 'operator', listModels: 'viewer', showModel: 'viewer', uploadModelFile: 'operator', downloadModelFile: 'viewer, device',
  createRun: 'operator', listRuns: 'viewer', showRun: 'viewer', startRun: 'operator', pauseRun: 'operator', resumeRun: 'operator', stopRun: 'operator',
  showManifest: 'viewer, device', downloadLog: 'viewer, device', downloadCheckpoint: 'viewer, device', downloadRunFile: 'viewer, device',
  listRounds: 'viewer', listEvaluations: 'viewer', listAssignments: 'viewer', listArtifacts: 'viewer', downloadArtifact: 'viewer',
  enrolDevice: 'anyone', createChallenge: 'anyone', createCredential: 'anyone',
  livez: 'anyone', readyz: 'anyone', version: 'anyone', openApi: 'anyone',
};

let fleet: CoordinatorUnderTest;
const tokens: Record<'viewer' | 'operator' | 'device', string> = { viewer: '', operator: '', device: '' };

async function anOperator(database: Database, role: 'viewer' | 'operator'): Promise<string> {
  const luck = new Luck((count) => new Uint8Array(randomBytes(count)));
  const token = `sft_spec_${role}`;
  await database.prisma.operator.create({ data: { id: luck.id('op'), name: role, role, createdAt: new Date(), tokens: { create: { id: luck.id('key'), name: 'spec', hash: new Uint8Array(sha256(utf8(token))), createdAt: new Date() } } } });
  return token;
}

beforeAll(async () => {
  fleet = await aCoordinator();
  tokens.viewer = await anOperator(fleet.coordinator.database, 'viewer');
  tokens.operator = await anOperator(fleet.coordinator.database, 'operator');
  tokens.device = (await (await DeviceUnderTest.enrol(fleet)).credential()).credential;
}, 60_000);

afterAll(() => fleet.close());

/** The codes of the guard; anything else means that the caller got past it (to a 404, say: nothing here exists). */
async function guardOf(name: RouteName, token: string | null): Promise<string> {
  const { method, path } = routes[name];
  const answer = await fleet.call(method, `${path.replace(':id', path.includes('/runs/') ? '999' : 'nothing')}${path.endsWith('/files') ? '?path=a' : ''}`, {
    token, ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }),
  });
  const code = answer.status >= 400 ? problemOf(answer).code : 'in';
  return ['operator.unauthenticated', 'operator.forbidden', 'credential.invalid'].includes(code) ? code : 'in';
}

test.each(Object.entries(mayUse) as [RouteName, string][])('%s is for: %s', async (name, who) => {
  const guards = { nobody: await guardOf(name, null), viewer: await guardOf(name, tokens.viewer), operator: await guardOf(name, tokens.operator), device: await guardOf(name, tokens.device), wrong: await guardOf(name, 'sft_wrong') };
  const out = 'operator.unauthenticated';
  expect(guards).toEqual({
    nobody: who === 'anyone' ? 'in' : out, wrong: who === 'anyone' ? 'in' : out,
    viewer: who === 'operator' ? 'operator.forbidden' : 'in', operator: 'in',
    device: who === 'anyone' || who === 'viewer, device' ? 'in' : out,
  });
});

test('every route of the table is served, and described in the OpenAPI document', async () => {
  const document = (await fleet.call('GET', `${apiPrefix}/openapi.json`, { token: null })).json as ReturnType<typeof openApiDocument> & { paths: Record<string, Record<string, { operationId: string; 'x-role': string }>> };
  expect(document['openapi']).toBe('3.1.0');
  const described = Object.values(document.paths).flatMap((operations) => Object.values(operations).map(({ operationId }) => operationId));
  expect(described.sort()).toEqual(Object.keys(routes).sort());
  for (const name of Object.keys(routes) as RouteName[]) {
    const { method, path } = routes[name];
    const answer = await fleet.call(method, path.replace(':id', '1'), { token: tokens.operator, ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }) });
    expect([name, answer.status >= 400 ? problemOf(answer).code : '']).not.toEqual([name, 'request.unknown-route']);
  }
});

test('the chain of the audit log holds, and a changed entry breaks it', async () => {
  const { auditHash } = await import('./audit-log.js');
  await fleet.call('POST', '/api/v1/enrolment-tokens', { body: { name: 'audited' } });
  const entries = await fleet.coordinator.database.prisma.auditEntry.findMany({ orderBy: { sequence: 'asc' } });
  expect(entries.map(({ action }) => action)).toEqual(expect.arrayContaining(['operator.create', 'enrolment-token.create', 'device.enrol']));
  let previous: Uint8Array = new Uint8Array(32);
  for (const { sequence, at, actor, action, subject, detail, previousHash, hash } of entries) {
    expect(previousHash).toEqual(Buffer.from(previous));
    const entry = { sequence, at: at.toISOString(), actor, action, subject, detail: detail as Record<string, string> };
    expect(Buffer.from(auditHash(previous, entry))).toEqual(Buffer.from(hash));
    expect(Buffer.from(auditHash(previous, { ...entry, actor: 'somebody else' }))).not.toEqual(Buffer.from(hash));
    previous = hash;
  }
});
