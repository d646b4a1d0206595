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
export { parseAck, parseMessage } from './events/parse-message.js';
export { refusalSchema } from './events/fields.js';
export { protocolMismatch } from './events/session.js';
export { declineReasons } from './events/rounds.js';
export { endStates } from './events/runs.js';
