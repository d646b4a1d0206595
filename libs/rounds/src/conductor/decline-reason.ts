/** Why a device does not take part in an attempt. `unanswered` is never sent: the coordinator's app says it when an acknowledgement timed out. */
export type DeclineReason = 'busy' | 'policy' | 'no-data' | 'power' | 'state-mismatch' | 'budget' | 'unanswered';
