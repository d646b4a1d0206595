import { type AckOf, type MessageOf } from '@seedfleet/protocol';
import { type Finding } from './doctor/check.js';
import { sentFindings } from './doctor/sent-findings.js';
import { type DeviceLog } from './log/device-log.js';
import { type Participation } from './participation/participation.js';
import { type Session } from './session/session.js';
import { type SessionOwner } from './session/session.js';
import { type Surroundings } from './surroundings.js';
import { type Vault } from './vault/vault.js';

export interface DeviceCallParts {
  vault: Vault;
  log: DeviceLog;
  surroundings: Surroundings;
  session(): Session;
  /** Runs that this device still follows. */
  followed(): Participation[];
  diagnose(): Promise<Finding[]>;
}

type Calls = Pick<SessionOwner['handlers'], 'device:ping' | 'device:resync' | 'device:doctor' | 'device:log' | 'device:rotate-key'>;

/** What an operator may ask this device for, whatever its runs are doing. */
export function deviceCalls({ vault, log, surroundings, session, followed, diagnose }: DeviceCallParts): Calls {
  const startedMs = surroundings.nowMs();
  let diagnosis: Promise<AckOf<'device:doctor'>> | null = null;

  async function resync(): Promise<AckOf<'device:resync'>> {
    const said = new Map(followed().map((participation) => [participation.run, participation.round]));
    const { runs } = await session().greetAgain();
    for (const participation of followed()) {
      const head = runs.find(({ run }) => run === participation.run);
      // Where all is well nothing is told: a commit may have come meanwhile, and an older head would look like a log that was cut.
      if (head !== undefined && (!head.stateMatches || head.round > participation.round)) participation.connected({ headRound: head.round, stateMatches: head.stateMatches });
    }
    const compared = runs.flatMap(({ run, round, stateMatches }) => {
      const ours = said.get(run);
      return ours === undefined ? [] : [{ run, round: ours, head: round, stateMatches }];
    });
    log.record('info', 'device.resynced');
    return { runs: compared };
  }

  async function doctor(): Promise<AckOf<'device:doctor'>> {
    const findings = await diagnose();
    log.record('info', 'device.diagnosed');
    return { findings: sentFindings(findings, vault.policy) };
  }

  return {
    'device:ping': () => ({ nowMs: surroundings.nowMs(), uptimeSeconds: Math.max(0, Math.floor((surroundings.nowMs() - startedMs) / 1000)) }),
    'device:resync': () => resync(),
    // One at a time: it reads the whole data file.
    'device:doctor': () => {
      diagnosis ??= doctor().finally(() => { diagnosis = null; });
      return diagnosis;
    },
    'device:log': ({ after, limit }: MessageOf<'device:log'>) => ({ entries: log.after(after, limit) }),
    'device:rotate-key': () => {
      vault.keys.begin();
      // The answer goes first: the change begins with letting this connection go.
      surroundings.after(rotationDelayMs, () => session().renew());
      return { accepted: true };
    },
  };
}

const rotationDelayMs = 50;
