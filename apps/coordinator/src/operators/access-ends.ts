import { Injectable } from '@nestjs/common';

/** Hears whose ways in have changed: a session or token that ended, another role. */
export type HearEnd = (operator: string) => void;

/** What keeps connections open for operators hears here that they have to be let in anew. */
@Injectable()
export class AccessEnds {
  private hear: HearEnd | undefined;

  attach(hear: HearEnd): void {
    this.hear = hear;
  }

  /** Called after the change is durable. */
  of(operator: string): void {
    this.hear?.(operator);
  }
}
