/** Does something for every item, `width` of them at a time, and counts what failed. @returns ms for all of it, and the reasons of the failures */
export async function inLanes<Item>(items: readonly Item[], width: number, perform: (item: Item, index: number) => Promise<void>): Promise<{ ms: number; failures: Map<string, number> }> {
  const startedAt = performance.now();
  const failures = new Map<string, number>();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      try {
        await perform(items[index] as Item, index);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures.set(reason, (failures.get(reason) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return { ms: performance.now() - startedAt, failures };
}
