import { z } from 'zod';
import {
  alertChannelRequest, alertChannelSchema, alertQuery, alertRuleRequest, alertRuleSchema, alertSchema, channelTestSchema, newAlertChannelSchema, silenceRequest,
} from './alerts.js';
import { auditEntrySchema, auditQuery, auditVerificationSchema } from './audit.js';
import { challengeRequest, challengeSchema, credentialRequest, credentialSchema, enrolmentRequest, enrolmentSchema, keyChangeRequest } from './device-access.js';
import { deviceDoctorSchema, deviceLogQuery, deviceLogSchema, devicePingSchema, deviceResyncSchema, keyRotationSchema } from './device-calls.js';
import { bulkRequest, bulkSchema, type deviceActions, deviceCountQuery, deviceCountSchema, deviceDetailSchema, deviceQuery, deviceSchema, tagsRequest } from './devices.js';
import { timelineEntrySchema } from './device-timeline.js';
import { enrolmentTokenRequest, enrolmentTokenSchema, newEnrolmentTokenSchema, returnTokenRequest } from './enrolment-tokens.js';
import { groupRequest, groupSchema, membersRequest } from './groups.js';
import { listOf, opaqueId, pageOf, pageQuery, runId, shortListQuery } from './fields.js';
import { modelFileQuery, modelFileSchema, modelRequest, modelSchema } from './models.js';
import {
  acceptInvitationRequest, apiTokenRequest, apiTokenSchema, currentSessionSchema, identityAnswerQuery, identityStartQuery, invitationSchema, inviteRequest,
  newApiTokenSchema, operatorSchema, operatorSessionSchema, roleRequest, signInMeansSchema, signInRequest, whoamiSchema, type OperatorRole,
} from './operators.js';
import { branchRequest, checkpointQuery } from './branch-request.js';
import { runRequest } from './run-request.js';
import { artifactSchema, assignmentSchema, assignmentSummarySchema, evaluationSchema, logQuery, roundSchema, type runActions, runQuery, runPreviewSchema, runSchema, signedManifestSchema } from './runs.js';
import { overviewSchema } from './overview.js';
import { participationQuery, participationSchema, stateHashesSchema } from './participation.js';
import { byRound, roundDetailsSchema, roundDeviceSchema, roundDevicesQuery } from './round-details.js';
import { deviceDisclosureSchema, runDisclosureSchema } from './run-disclosure.js';
import { runEventSchema, runEventsQuery } from './run-events.js';
import { seriesQuery, seriesSchema } from './run-series.js';
import { systemSchema } from './system.js';
import { healthSchema, versionSchema } from './service.js';

/** Where all routes but health and version live. */
export const apiPrefix = '/api/v1';

/** Bytes of a body that is not JSON. */
export const octetStream = 'application/octet-stream';

/** Lines of text: metrics. */
export const plainText = 'text/plain';

/** The least that a caller must be: an operator of this role or above, a device with a credential, or nobody in particular. */
export type RouteRole = 'anyone' | OperatorRole | 'device' | 'viewer-or-device';

/** One route of the REST API: the controller, the OpenAPI document and the clients are made from it. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** whole path, parameters as `:name` */
  path: string;
  summary: string;
  role: RouteRole;
  params: z.ZodObject | null;
  query: z.ZodType | null;
  /** JSON body, `octetStream`, or null for none */
  request: z.ZodType | typeof octetStream | null;
  /** JSON body of the answer, `octetStream`, `plainText`, or null for none */
  response: z.ZodType | typeof octetStream | typeof plainText | null;
  status: number;
  /** the answer carries an ETag, which the changes of the same thing take in If-Match */
  etag: boolean;
  /** a change that If-Match refuses (412) where somebody changed the thing since the answer with that ETag */
  ifMatch: boolean;
}

interface RouteDefaults {
  params: null;
  query: null;
  request: null;
  response: null;
  status: number;
  etag: false;
  ifMatch: false;
}

function route<const R extends Partial<Route> & Pick<Route, 'method' | 'path' | 'summary' | 'role'>>(definition: R): Omit<RouteDefaults, keyof R> & R {
  return { params: null, query: null, request: null, response: null, status: definition.method === 'DELETE' ? 204 : 200, etag: false, ifMatch: false, ...definition };
}

const byId = z.strictObject({ id: opaqueId });
/** Run ids are numbers, but text in a path. */
const byRun = z.strictObject({ id: z.coerce.number<number | string>().pipe(runId) });
const inApi = <const P extends string>(path: P) => `${apiPrefix}${path}` as const;

function deviceAction<const A extends (typeof deviceActions)[number]>(action: A) {
  return route({ method: 'POST', path: inApi(`/devices/:id/${action}`), summary: `${action} a device`, role: 'operator', params: byId, response: deviceSchema });
}

function runAction<const A extends (typeof runActions)[number]>(action: A) {
  return route({ method: 'POST', path: inApi(`/runs/:id/${action}`), summary: `${action} a run`, role: 'operator', params: byRun, response: runSchema });
}

/** Every route, by the name that a client calls it. */
export const routes = {
  whoami: route({ method: 'GET', path: inApi('/whoami'), summary: 'who the token belongs to', role: 'viewer', response: whoamiSchema }),

  createSession: route({ method: 'POST', path: inApi('/session'), summary: 'sign in with name and password; sets the cookie of the session', role: 'anyone', request: signInRequest, response: operatorSessionSchema, status: 201 }),
  showSession: route({ method: 'GET', path: inApi('/session'), summary: 'the session of the cookie, if it is one', role: 'anyone', response: currentSessionSchema }),
  deleteSession: route({ method: 'DELETE', path: inApi('/session'), summary: 'sign out', role: 'viewer' }),
  showSignInMeans: route({ method: 'GET', path: inApi('/sign-in'), summary: 'by what means people may sign in here', role: 'anyone', response: signInMeansSchema }),
  startIdentity: route({ method: 'GET', path: inApi('/sign-in/identity'), summary: 'send the browser to the identity provider', role: 'anyone', query: identityStartQuery, status: 302 }),
  finishIdentity: route({ method: 'GET', path: inApi('/sign-in/identity/answer'), summary: 'where the identity provider sends the browser back to; sets the cookie of the session', role: 'anyone', query: identityAnswerQuery, status: 302 }),
  acceptInvitation: route({ method: 'POST', path: inApi('/invitations/accept'), summary: 'set a password with a one-time link, and sign in', role: 'anyone', request: acceptInvitationRequest, response: operatorSessionSchema, status: 201 }),

  listOperators: route({ method: 'GET', path: inApi('/operators'), summary: 'operators', role: 'admin', query: shortListQuery, response: listOf(operatorSchema) }),
  showOperator: route({ method: 'GET', path: inApi('/operators/:id'), summary: 'one operator; its ETag guards changes', role: 'admin', params: byId, response: operatorSchema, etag: true }),
  inviteOperator: route({ method: 'POST', path: inApi('/operators'), summary: 'make an operator and a one-time link that sets the password', role: 'admin', request: inviteRequest, response: invitationSchema, status: 201 }),
  renewInvitation: route({ method: 'POST', path: inApi('/operators/:id/invitations'), summary: 'a new one-time link, also for a lost password', role: 'admin', params: byId, response: invitationSchema, status: 201 }),
  changeOperatorRole: route({ method: 'PUT', path: inApi('/operators/:id/role'), summary: 'give an operator another role', role: 'admin', params: byId, request: roleRequest, response: operatorSchema, etag: true, ifMatch: true }),
  disableOperator: route({ method: 'POST', path: inApi('/operators/:id/disable'), summary: 'shut an operator out at once, with all sessions and tokens', role: 'admin', params: byId, response: operatorSchema, etag: true, ifMatch: true }),
  enableOperator: route({ method: 'POST', path: inApi('/operators/:id/enable'), summary: 'let a disabled operator in again', role: 'admin', params: byId, response: operatorSchema, etag: true, ifMatch: true }),

  createApiToken: route({ method: 'POST', path: inApi('/api-tokens'), summary: 'make an API token of the caller', role: 'viewer', request: apiTokenRequest, response: newApiTokenSchema, status: 201 }),
  listApiTokens: route({ method: 'GET', path: inApi('/api-tokens'), summary: 'API tokens of the caller that are not revoked; of everybody for an admin', role: 'viewer', query: shortListQuery, response: listOf(apiTokenSchema) }),
  deleteApiToken: route({ method: 'DELETE', path: inApi('/api-tokens/:id'), summary: 'revoke an API token', role: 'viewer', params: byId }),

  listAuditEntries: route({ method: 'GET', path: inApi('/audit-entries'), summary: 'changes, newest first', role: 'operator', query: auditQuery, response: pageOf(auditEntrySchema) }),
  verifyAudit: route({ method: 'GET', path: inApi('/audit-entries/verification'), summary: 'whether every entry follows from the one before', role: 'operator', response: auditVerificationSchema }),
  exportAudit: route({ method: 'GET', path: inApi('/audit-entries/export'), summary: 'every entry, oldest first, one JSON object a line', role: 'operator', response: octetStream }),

  createEnrolmentToken: route({ method: 'POST', path: inApi('/enrolment-tokens'), summary: 'make a token that lets devices in', role: 'operator', request: enrolmentTokenRequest, response: newEnrolmentTokenSchema, status: 201 }),
  listEnrolmentTokens: route({ method: 'GET', path: inApi('/enrolment-tokens'), summary: 'tokens that are not deleted', role: 'operator', query: shortListQuery, response: listOf(enrolmentTokenSchema) }),
  deleteEnrolmentToken: route({ method: 'DELETE', path: inApi('/enrolment-tokens/:id'), summary: 'end a token; devices that used it stay', role: 'operator', params: byId }),

  listDevices: route({ method: 'GET', path: inApi('/devices'), summary: 'enrolled devices', role: 'viewer', query: deviceQuery, response: pageOf(deviceSchema) }),
  countDevices: route({ method: 'GET', path: inApi('/devices/count'), summary: 'how many devices a filter means', role: 'viewer', query: deviceCountQuery, response: deviceCountSchema }),
  changeDevices: route({ method: 'POST', path: inApi('/devices/changes'), summary: 'one action on every device that a filter means, if they are as many as expected', role: 'operator', request: bulkRequest, response: bulkSchema }),
  showDevice: route({ method: 'GET', path: inApi('/devices/:id'), summary: 'one device', role: 'viewer', params: byId, response: deviceDetailSchema, etag: true }),
  listDeviceTimeline: route({ method: 'GET', path: inApi('/devices/:id/timeline'), summary: 'what happened to a device and came of it, newest first', role: 'viewer', params: byId, query: pageQuery, response: pageOf(timelineEntrySchema) }),
  approveDevice: deviceAction('approve'),
  suspendDevice: deviceAction('suspend'),
  resumeDevice: deviceAction('resume'),
  revokeDevice: deviceAction('revoke'),
  pingDevice: route({ method: 'POST', path: inApi('/devices/:id/ping'), summary: 'ask the worker of a device to answer', role: 'operator', params: byId, response: devicePingSchema }),
  resyncDevice: route({ method: 'POST', path: inApi('/devices/:id/resync'), summary: 'have a device compare the state of its runs with the fleet', role: 'operator', params: byId, response: deviceResyncSchema }),
  diagnoseDevice: route({ method: 'POST', path: inApi('/devices/:id/doctor'), summary: 'have the worker of a device check everything that it needs', role: 'operator', params: byId, response: deviceDoctorSchema }),
  showDeviceLog: route({ method: 'GET', path: inApi('/devices/:id/log'), summary: 'lines of the log that a device keeps: codes, ids and counts', role: 'operator', params: byId, query: deviceLogQuery, response: deviceLogSchema }),
  rotateDeviceKey: route({ method: 'POST', path: inApi('/devices/:id/rotate-key'), summary: 'ask a device to change its key', role: 'operator', params: byId, response: keyRotationSchema }),
  createReturnToken: route({ method: 'POST', path: inApi('/devices/:id/return-tokens'), summary: 'a token with which a wiped device comes back under its old name and a new key', role: 'operator', params: byId, request: returnTokenRequest, response: newEnrolmentTokenSchema, status: 201 }),
  changeDeviceTags: route({ method: 'PUT', path: inApi('/devices/:id/tags'), summary: 'give a device these tags', role: 'operator', params: byId, request: tagsRequest, response: deviceSchema, etag: true, ifMatch: true }),

  createGroup: route({ method: 'POST', path: inApi('/groups'), summary: 'make a group of devices, by a filter or by hand', role: 'operator', request: groupRequest, response: groupSchema, status: 201, etag: true }),
  listGroups: route({ method: 'GET', path: inApi('/groups'), summary: 'groups with their live counts', role: 'viewer', query: shortListQuery, response: listOf(groupSchema) }),
  showGroup: route({ method: 'GET', path: inApi('/groups/:id'), summary: 'one group; its ETag guards changes', role: 'viewer', params: byId, response: groupSchema, etag: true }),
  changeGroup: route({ method: 'PUT', path: inApi('/groups/:id'), summary: 'another name or filter; If-Match refuses when somebody changed it meanwhile', role: 'operator', params: byId, request: groupRequest, response: groupSchema, etag: true, ifMatch: true }),
  deleteGroup: route({ method: 'DELETE', path: inApi('/groups/:id'), summary: 'delete a group; its devices stay', role: 'operator', params: byId, ifMatch: true }),
  addGroupMembers: route({ method: 'POST', path: inApi('/groups/:id/members'), summary: 'put devices into a static group', role: 'operator', params: byId, request: membersRequest, response: groupSchema, etag: true }),
  removeGroupMembers: route({ method: 'POST', path: inApi('/groups/:id/members/removals'), summary: 'take devices out of a static group', role: 'operator', params: byId, request: membersRequest, response: groupSchema, etag: true }),

  listAlerts: route({ method: 'GET', path: inApi('/alerts'), summary: 'alerts, newest first', role: 'viewer', query: alertQuery, response: pageOf(alertSchema) }),
  createAlertRule: route({ method: 'POST', path: inApi('/alert-rules'), summary: 'watch for something', role: 'operator', request: alertRuleRequest, response: alertRuleSchema, status: 201, etag: true }),
  listAlertRules: route({ method: 'GET', path: inApi('/alert-rules'), summary: 'what is watched for', role: 'viewer', query: shortListQuery, response: listOf(alertRuleSchema) }),
  changeAlertRule: route({ method: 'PUT', path: inApi('/alert-rules/:id'), summary: 'change a rule; If-Match refuses when somebody changed it meanwhile', role: 'operator', params: byId, request: alertRuleRequest, response: alertRuleSchema, etag: true, ifMatch: true }),
  silenceAlertRule: route({ method: 'POST', path: inApi('/alert-rules/:id/silence'), summary: 'let channels hear nothing of a rule for a while', role: 'operator', params: byId, request: silenceRequest, response: alertRuleSchema, etag: true }),
  deleteAlertRule: route({ method: 'DELETE', path: inApi('/alert-rules/:id'), summary: 'end a rule; its alerts stay in the history', role: 'operator', params: byId, ifMatch: true }),
  createAlertChannel: route({ method: 'POST', path: inApi('/alert-channels'), summary: 'a webhook or an address that hears of alerts', role: 'admin', request: alertChannelRequest, response: newAlertChannelSchema, status: 201 }),
  listAlertChannels: route({ method: 'GET', path: inApi('/alert-channels'), summary: 'who hears of alerts', role: 'operator', query: shortListQuery, response: listOf(alertChannelSchema) }),
  deleteAlertChannel: route({ method: 'DELETE', path: inApi('/alert-channels/:id'), summary: 'end a channel', role: 'admin', params: byId }),
  testAlertChannel: route({ method: 'POST', path: inApi('/alert-channels/:id/test'), summary: 'send a test message now', role: 'operator', params: byId, response: channelTestSchema }),

  createModel: route({ method: 'POST', path: inApi('/models'), summary: 'announce a base model', role: 'operator', request: modelRequest, response: modelSchema, status: 201 }),
  listModels: route({ method: 'GET', path: inApi('/models'), summary: 'base models', role: 'viewer', query: shortListQuery, response: listOf(modelSchema) }),
  showModel: route({ method: 'GET', path: inApi('/models/:id'), summary: 'one base model', role: 'viewer', params: byId, response: modelSchema }),
  uploadModelFile: route({ method: 'PUT', path: inApi('/models/:id/files'), summary: 'append to a file at the byte of header Upload-Offset', role: 'operator', params: byId, query: modelFileQuery, request: octetStream, response: modelFileSchema }),
  downloadModelFile: route({ method: 'GET', path: inApi('/models/:id/files'), summary: 'a file of a model; header Range resumes', role: 'viewer-or-device', params: byId, query: modelFileQuery, response: octetStream }),

  createRun: route({ method: 'POST', path: inApi('/runs'), summary: 'make a run', role: 'operator', request: runRequest, response: runSchema, status: 201 }),
  previewRun: route({ method: 'POST', path: inApi('/runs/previews'), summary: 'what a run would be and cost, without making it', role: 'viewer', request: runRequest, response: runPreviewSchema }),
  branchRun: route({ method: 'POST', path: inApi('/runs/:id/branches'), summary: 'make a run that begins with the state of this one after some commits', role: 'operator', params: byRun, request: branchRequest, response: runSchema, status: 201 }),
  listRuns: route({ method: 'GET', path: inApi('/runs'), summary: 'runs, newest first', role: 'viewer', query: runQuery, response: pageOf(runSchema) }),
  showRun: route({ method: 'GET', path: inApi('/runs/:id'), summary: 'one run', role: 'viewer', params: byRun, response: runSchema }),
  showRunRequest: route({ method: 'GET', path: inApi('/runs/:id/request'), summary: 'what was asked for when a run was made: a clone begins with it', role: 'viewer', params: byRun, response: runRequest }),
  startRun: runAction('start'),
  pauseRun: runAction('pause'),
  resumeRun: runAction('resume'),
  stopRun: runAction('stop'),
  showManifest: route({ method: 'GET', path: inApi('/runs/:id/manifest'), summary: 'signed manifest of a run', role: 'viewer-or-device', params: byRun, response: signedManifestSchema }),
  downloadLog: route({ method: 'GET', path: inApi('/runs/:id/log'), summary: 'commits from a round on, each behind its length (u32 little endian)', role: 'viewer-or-device', params: byRun, query: logQuery, response: octetStream }),
  downloadCheckpoint: route({ method: 'GET', path: inApi('/runs/:id/checkpoint'), summary: 'newest checkpoint, or that of a round; header Range resumes', role: 'viewer-or-device', params: byRun, query: checkpointQuery, response: octetStream }),
  downloadRunFile: route({ method: 'GET', path: inApi('/runs/:id/files'), summary: 'a file of the model of a run; header Range resumes', role: 'viewer-or-device', params: byRun, query: modelFileQuery, response: octetStream }),
  listRounds: route({ method: 'GET', path: inApi('/runs/:id/rounds'), summary: 'rounds of a run, newest first', role: 'viewer', params: byRun, query: pageQuery, response: pageOf(roundSchema) }),
  showSeries: route({ method: 'GET', path: inApi('/runs/:id/series'), summary: 'curves of a run, reduced to as many points as a plot can show', role: 'viewer', params: byRun, query: seriesQuery, response: seriesSchema }),
  showRound: route({ method: 'GET', path: inApi('/runs/:id/rounds/:round'), summary: 'one round: its attempts, seeds, coefficients, hashes, and whether its commit holds', role: 'viewer', params: byRound, response: roundDetailsSchema }),
  listRoundDevices: route({ method: 'GET', path: inApi('/runs/:id/rounds/:round/devices'), summary: 'devices that a round asked, and what each reported', role: 'operator', params: byRound, query: roundDevicesQuery, response: pageOf(roundDeviceSchema) }),
  showParticipation: route({ method: 'GET', path: inApi('/runs/:id/participation'), summary: 'devices of a run by rounds: counted, declined, silent or not asked', role: 'viewer', params: byRun, query: participationQuery, response: participationSchema }),
  showStateHashes: route({ method: 'GET', path: inApi('/runs/:id/state-hashes'), summary: 'hashes of the state as devices last said them: one for each round, or something is wrong', role: 'viewer', params: byRun, response: stateHashesSchema }),
  showDisclosure: route({ method: 'GET', path: inApi('/runs/:id/disclosure'), summary: 'what left the devices of a run so far', role: 'viewer', params: byRun, response: runDisclosureSchema }),
  listDisclosures: route({ method: 'GET', path: inApi('/runs/:id/disclosures'), summary: 'what left each device of a run so far', role: 'viewer', params: byRun, query: pageQuery, response: pageOf(deviceDisclosureSchema) }),
  listRunEvents: route({ method: 'GET', path: inApi('/runs/:id/events'), summary: 'what happened in a run, newest first', role: 'operator', params: byRun, query: runEventsQuery, response: pageOf(runEventSchema) }),
  listEvaluations: route({ method: 'GET', path: inApi('/runs/:id/evaluations'), summary: 'evaluations of a run, oldest first', role: 'viewer', params: byRun, query: shortListQuery, response: listOf(evaluationSchema) }),
  listAssignments: route({ method: 'GET', path: inApi('/runs/:id/assignments'), summary: 'devices of a run', role: 'viewer', params: byRun, query: pageQuery, response: pageOf(assignmentSchema) }),
  summariseAssignments: route({ method: 'GET', path: inApi('/runs/:id/assignments/summary'), summary: 'devices of a run by state, and how far behind they are', role: 'viewer', params: byRun, response: assignmentSummarySchema }),
  listArtifacts: route({ method: 'GET', path: inApi('/runs/:id/artifacts'), summary: 'files that a run made', role: 'viewer', params: byRun, query: shortListQuery, response: listOf(artifactSchema) }),
  downloadArtifact: route({ method: 'GET', path: inApi('/artifacts/:id'), summary: 'one file that a run made; header Range resumes', role: 'viewer', params: byId, response: octetStream }),

  enrolDevice: route({ method: 'POST', path: inApi('/device/enrolments'), summary: 'enrol this device with a token', role: 'anyone', request: enrolmentRequest, response: enrolmentSchema, status: 201 }),
  changeDeviceKey: route({ method: 'POST', path: inApi('/device/keys'), summary: 'give this device a new key, signed by the one that it has', role: 'anyone', request: keyChangeRequest, response: enrolmentSchema }),
  createChallenge: route({ method: 'POST', path: inApi('/device/challenges'), summary: 'bytes to sign for a credential', role: 'anyone', request: challengeRequest, response: challengeSchema, status: 201 }),
  createCredential: route({ method: 'POST', path: inApi('/device/credentials'), summary: 'a short-lived credential for a signed challenge', role: 'anyone', request: credentialRequest, response: credentialSchema, status: 201 }),

  showOverview: route({ method: 'GET', path: inApi('/overview'), summary: 'rounds of the last day, and what wants attention', role: 'viewer', response: overviewSchema }),
  showSystem: route({ method: 'GET', path: inApi('/system'), summary: 'database, disk, memory and queues of this coordinator', role: 'operator', response: systemSchema }),
  livez: route({ method: 'GET', path: '/livez', summary: 'whether the process lives', role: 'anyone', response: healthSchema }),
  readyz: route({ method: 'GET', path: '/readyz', summary: 'whether it can serve; 503 names the failing part', role: 'anyone', response: healthSchema }),
  startupz: route({ method: 'GET', path: '/startupz', summary: 'whether the start is over: database migrated, runs taken up; stays so while the database is away', role: 'anyone', response: healthSchema }),
  version: route({ method: 'GET', path: '/version', summary: 'version and protocols', role: 'anyone', response: versionSchema }),
  metrics: route({ method: 'GET', path: '/metrics', summary: 'metrics in the text format of Prometheus', role: 'viewer', response: plainText }),
  openApi: route({ method: 'GET', path: inApi('/openapi.json'), summary: 'this API as OpenAPI 3.1', role: 'anyone', response: z.record(z.string(), z.unknown()) }),
} satisfies Record<string, Route>;

/** Whether a client may repeat this request under one Idempotency-Key: what an operator makes, is made once. */
export function isCreation({ method, status, role }: Pick<Route, 'method' | 'status' | 'role'>): boolean {
  return method === 'POST' && status === 201 && role !== 'anyone';
}

export type Routes = typeof routes;
export type RouteName = keyof Routes;
type JsonOf<S, I extends 'input' | 'output'> = S extends z.ZodType ? (I extends 'input' ? z.input<S> : z.output<S>) : never;
/** JSON body that a client sends on a route. */
export type RequestOf<N extends RouteName> = JsonOf<Routes[N]['request'], 'input'>;
/** JSON body that a client gets from a route. */
export type ResponseOf<N extends RouteName> = JsonOf<Routes[N]['response'], 'output'>;
