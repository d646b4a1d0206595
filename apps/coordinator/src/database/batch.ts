interface Waiting<Item, Answer> {
  item: Item;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/**
 * Asks the database once for all that ask the same at about the same time: while one statement is under way, the next ones gather.
 * A batch that fails is asked again one by one, so that nobody suffers from what another asked.
 */
export class Batch<Item, Answer> {
  private waiting: Waiting<Item, Answer>[] = [];
  private isUnderWay = false;

  /**
   * @param options.perform answers in the order of its items
   * @param options.keyOf two items of one key are never in one batch: the later one comes after the earlier
   * @param options.itemsMax of one statement
   */
  constructor(private readonly options: { perform: (items: readonly Item[]) => Promise<readonly Answer[]>; keyOf: (item: Item) => string; itemsMax: number }) {}

  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.begin();
    });
  }

  private begin(): void {
    if (this.isUnderWay || this.waiting.length === 0) return;
    this.isUnderWay = true;
    // What arrived with the same packet of the network is in the same batch.
    setImmediate(() => {
      void this.performNext().finally(() => {
        this.isUnderWay = false;
        this.begin();
      });
    });
  }

  private async performNext(): Promise<void> {
    const { keyOf, itemsMax } = this.options;
    const batch = new Map<string, Waiting<Item, Answer>>();
    const later: Waiting<Item, Answer>[] = [];
    for (const one of this.waiting) {
      const key = keyOf(one.item);
      if (batch.size < itemsMax && !batch.has(key)) batch.set(key, one);
      else later.push(one);
    }
    this.waiting = later;
    const asked = [...batch.values()];
    try {
      await this.answer(asked);
    } catch (error) {
      if (asked.length === 1) asked[0]?.reject(error);
      else for (const one of asked) await this.answer([one]).catch((own: unknown) => one.reject(own));
    }
  }

  private async answer(asked: readonly Waiting<Item, Answer>[]): Promise<void> {
    const answers = await this.options.perform(asked.map(({ item }) => item));
    asked.forEach(({ resolve }, index) => resolve(answers[index] as Answer));
  }
}
