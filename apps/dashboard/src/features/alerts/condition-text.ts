import { type AlertCondition } from '@seedfleet/protocol';

/** What a rule watches for, in words. */
export function conditionText(condition: AlertCondition): string {
  switch (condition.type) {
    case 'round-stalled': return `a running run without a commit for ${condition.minutes} minutes`;
    case 'loss-rising': return `a loss that rose in ${condition.evaluations} evaluations in a row`;
    case 'participation-low': return `fewer than ${(condition.share * 100).toFixed(0)} % of the devices asked reporting over ${condition.rounds} rounds`;
    case 'run-failed': return 'a run that failed';
    case 'state-mismatch': return 'a device in another state than the fleet';
    case 'budget': return `a running run that has spent ${(condition.share * 100).toFixed(0)} % of its budget`;
    case 'device-gone': return `an active device not seen for ${condition.hours} hours`;
    case 'version-skew': return 'a connected device of another version';
    case 'device-cloned': return 'two processes that take turns with the key of one device';
  }
}

/** What each kind of rule is called, and where it begins. */
export const conditionKinds: readonly { label: string; condition: AlertCondition }[] = [
  { label: 'Stalled round', condition: { type: 'round-stalled', minutes: 10 } },
  { label: 'Rising loss', condition: { type: 'loss-rising', evaluations: 3 } },
  { label: 'Low participation', condition: { type: 'participation-low', share: 0.5, rounds: 5 } },
  { label: 'Failed run', condition: { type: 'run-failed' } },
  { label: 'State mismatch', condition: { type: 'state-mismatch' } },
  { label: 'Budget', condition: { type: 'budget', share: 0.8 } },
  { label: 'Device gone', condition: { type: 'device-gone', hours: 24 } },
  { label: 'Version skew', condition: { type: 'version-skew' } },
  { label: 'Copied key', condition: { type: 'device-cloned' } },
];
