import { FleetError } from '@seedfleet/errors';
import { type DeviceState } from '@seedfleet/protocol';

const codes = { pending: 'device.not-approved', suspended: 'device.suspended', revoked: 'device.revoked' } as const satisfies Record<Exclude<DeviceState, 'active'>, string>;

/** Why a device in this state may not be connected. */
export function refusalOfState(state: Exclude<DeviceState, 'active'>): FleetError {
  return new FleetError(codes[state], { field: 'device', problem: `The device is ${state}.` });
}
