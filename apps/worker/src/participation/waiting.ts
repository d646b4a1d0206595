/** Acks that are not given yet, by what they are about: a message that came twice is answered twice, alike. */
export class Waiting<Key, Ack> {
  private readonly answers = new Map<Key, ((ack: Ack) => void)[]>();

  answerTo(key: Key): Promise<Ack> {
    return new Promise((resolve) => this.answers.set(key, [...(this.answers.get(key) ?? []), resolve]));
  }

  answer(key: Key, ack: Ack): void {
    for (const resolve of this.answers.get(key) ?? []) resolve(ack);
    this.answers.delete(key);
  }
}
