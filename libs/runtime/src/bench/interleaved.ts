/** Seconds of one run: of the clock, and of the processor over all threads of this process. */
export interface Seconds { wall: number; cpu: number }

export interface Contestant {
  name: string;
  run(): Promise<unknown>;
  /** What comes before the first run and is not counted: by default one run. */
  warmUp?(): Promise<unknown>;
}

/**
 * Runs all contestants in turn, `runs` times over, so that what else the machine does meets all of them alike.
 * @returns medians by name
 */
export async function interleaved(contestants: readonly Contestant[], { runs }: { runs: number }): Promise<Map<string, Seconds>> {
  const measured = new Map<string, Seconds[]>(contestants.map(({ name }) => [name, []]));
  for (const contestant of contestants) await (contestant.warmUp ? contestant.warmUp() : contestant.run());
  for (let i = 0; i < runs; i++) {
    for (const { name, run } of contestants) measured.get(name)?.push(await secondsOf(run));
  }
  return new Map([...measured].map(([name, all]) => [name, { wall: median(all.map(({ wall }) => wall)), cpu: median(all.map(({ cpu }) => cpu)) }]));
}

/** One run. */
export async function secondsOf(run: () => Promise<unknown>): Promise<Seconds> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1e3, cpu: (user + system) / 1e6 };
}

/** The middle value; of an even number of values the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? NaN;
}
