/**
 * What coordinator, worker and cli say to one another: the catalog of socket events, the packets that carry them, the REST schemas and routes,
 * the versions of all that. Not here: sockets, HTTP, storage, what happens next. Runs in Node and in a browser.
 */
export { protocolVersion, protocolVersionMin, limits } from './limits.js';
export { type EventDefinition, type EventSource } from './events/event.js';
export {
  deviceEvents, isDeviceEvent, type AckOf, type Answer, type AnswerOf, type CoordinatorEventMap, type DeviceEvent, type DeviceEventMap,
  type DeviceEvents, type EventsFrom, type InvalidPacketListener, type ListenerOf, type MessageOf,
} from './events/device-events.js';
export { changeIdsMax, changeKinds, kindsChangedBy, liveEvents, type ChangeKind, type FleetChange, type LiveEventMap } from './events/live-events.js';
export { parseAck, parseMessage } from './events/parse-message.js';
export { packetParser } from './packets/packet-parser.js';
export { namespaces } from './packets/namespaces.js';
export { refusalSchema } from './events/fields.js';
export { protocolMismatch } from './events/session.js';
export { datasetStatement, deviceStatement, policyStatement, type DatasetStatement, type DeviceStatement, type PolicyStatement } from './events/device-statement.js';
export { deviceErrorSchema, deviceLogCodes, deviceLogEntry, knownLogCode, logLevels, type DeviceError, type DeviceLogCode, type DeviceLogEntry, type LogLevel } from './events/device-log.js';
export { declineReasons } from './events/rounds.js';
export { endStates } from './events/runs.js';
export { checkResults } from './events/devices.js';
export {
  deviceDoctorSchema, devicePingSchema, deviceResyncSchema, type DeviceDoctor, type DeviceLogLine, type DevicePing, type DeviceResync,
} from './rest/device-calls.js';

export { apiPrefix, octetStream, plainText, isCreation, routes, type RequestOf, type ResponseOf, type Route, type RouteName, type RouteRole } from './rest/routes.js';
export { parseRequest, problemMediaType, problemSchema, refusalOfProblem, toProblem, type Problem } from './rest/problem.js';
export {
  operatorRoles, operatorRole, operatorSessionSchema, whoamiSchema, type ApiToken, type ApiTokenRequest, type Invitation, type OperatorRole, type OperatorRow,
  type OperatorSession, type SignInMeans, type Whoami,
} from './rest/operators.js';
export { auditEntrySchema, type AuditEntry, type AuditVerification } from './rest/audit.js';
export { enrolmentTokenRequest, enrolmentTokenSchema, newEnrolmentTokenSchema, type EnrolmentToken, type EnrolmentTokenRequest, type NewEnrolmentToken } from './rest/enrolment-tokens.js';
export { filterMatches, parseFilter, type Comparison, type FieldKind, type Filter, type FilterFields, type FilterSubject, type FilterTerm } from './filter/filter.js';
export {
  bulkActions, deviceActions, deviceDetailSchema, deviceFilterFields, deviceQuery, deviceSchema, deviceStates, groupFilterFields, tag, type BulkResult, type Device, type DeviceCount, type DeviceDetail, type DeviceState,
} from './rest/devices.js';
export {
  alertConditionSchema, alertTypes, type Alert, type AlertChannel, type AlertChannelRequest, type AlertCondition, type AlertRule, type AlertRuleRequest,
} from './rest/alerts.js';
export { timelineKinds, type TimelineEntry } from './rest/device-timeline.js';
export { groupSchema, type Group, type GroupRequest } from './rest/groups.js';
export {
  challengeRequest, challengeSchema, credentialContext, credentialRequest, credentialSchema, enrolmentContext, keyChangeRequest, rotationContext, enrolmentRequest, enrolmentSchema,
  type Challenge, type Credential, type CredentialRequest, type Enrolment, type EnrolmentRequest, type KeyChangeRequest,
} from './rest/device-access.js';
export { fileRoles, modelFileQuery, modelFileSchema, modelRequest, modelSchema, modelStates, pools, type Model, type ModelFile, type ModelRequest } from './rest/models.js';
export { branchRequest, type BranchRequest } from './rest/branch-request.js';
export { adapterSchema, canaryFailures, estimatorSchema, memberships, policySchema, precisions, runRequest, stepRuleSchema, taskSchema, taskTypes, type CanaryRequest, type RunRequest, type TaskType } from './rest/run-request.js';
export {
  artifactSchema, assignmentSchema, assignmentStates, canaryStages, evaluationSchema, logQuery, roundSchema, roundStates, runActions, runFilterFields, runQuery, runSchema, runStates,
  runPreviewSchema, signedManifestSchema, type Artifact, type Assignment, type Evaluation, type RoundRow, type Run, type RunPreview, type RunState,
} from './rest/runs.js';
export {
  departureReasons, evaluationSeriesNames, markKinds, roundSeriesNames, seriesAxes, seriesPointsMax, seriesQuery, seriesSchema,
  type DepartureReason, type EvaluationSeriesName, type RoundSeriesName, type RunSeries, type SeriesAxis, type SeriesMark, type SeriesName, type SeriesTable,
} from './rest/run-series.js';
export { participationCells, participationRoundsMax, type Participation, type StateHashes } from './rest/participation.js';
export { seatOutcomes, type RoundDetails, type RoundDevice } from './rest/round-details.js';
export { type DeviceDisclosure, type RunDisclosure } from './rest/run-disclosure.js';
export { runEventKinds, runEventSchema, type RunEvent } from './rest/run-events.js';
export { attentionKinds, type Overview } from './rest/overview.js';
export { type System } from './rest/system.js';
export { ackBytes, averagingBytes, commitPacketBytes, reporterBytes, reportPacketBytes, startBytes, type EstimatorShape, type RoundBytes } from './round-bytes.js';
export { pageOf, pageQuery, shortListQuery } from './rest/fields.js';
export { healthSchema, versionSchema, type Health, type Version } from './rest/service.js';
