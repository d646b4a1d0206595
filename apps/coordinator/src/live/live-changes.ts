import { Injectable } from '@nestjs/common';
import { changeIdsMax, changeKinds, operatorRoles, type ChangeKind, type FleetChange, type OperatorRole } from '@seedfleet/protocol';
import { serverLimits } from '../app/limits.js';

/** Tells everybody of a role or above what changed, wherever they are connected. */
export type TellChanges = (least: OperatorRole, changes: FleetChange[]) => void;

/** Collects what changed and tells it a few times a second: a run that commits fast, or ten thousand devices that come back, are one message each time. */
@Injectable()
export class LiveChanges {
  private readonly waiting = new Map<ChangeKind, Set<string>>();
  private timer: NodeJS.Timeout | undefined;
  private send: TellChanges | undefined;

  /** @param send given by the gateway when it is up */
  attach(send: TellChanges): void {
    this.send = send;
  }

  /** @param id of what changed, of its run for a round; none: many */
  tell(kind: ChangeKind, id: string | number | null): void {
    if (this.send === undefined) return;
    const ids = this.waiting.get(kind);
    // One without an id swallows those that have one: an empty set stays empty.
    if (id === null || ids?.size === 0 || (ids !== undefined && ids.size >= changeIdsMax && !ids.has(String(id)))) this.waiting.set(kind, new Set());
    else this.waiting.set(kind, (ids ?? new Set()).add(String(id)));
    this.timer ??= setTimeout(() => this.flush(), serverLimits.changesEveryMs).unref();
  }

  close(): void {
    clearTimeout(this.timer);
    this.send = undefined;
  }

  private flush(): void {
    this.timer = undefined;
    const changes = [...this.waiting].map(([kind, ids]) => ({ kind, ids: [...ids] }));
    this.waiting.clear();
    for (const least of operatorRoles) {
      const theirs = changes.filter(({ kind }) => changeKinds[kind] === least);
      if (theirs.length > 0) this.send?.(least, theirs);
    }
  }
}
