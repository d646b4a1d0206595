/** Everything of the outside that a command reads or changes, apart from files and the coordinator. Made once, in main.ts. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  /** What `~` stands for. */
  homeFolder: string;
  /** Data: what the command was asked for. */
  stdout: { write(text: string): unknown };
  /** Everything else: errors, hints. */
  stderr: { write(text: string): unknown };
  /** All of the standard input as text. */
  readStdin(): Promise<string>;
  /** What the person at the terminal answers, or null where no person is. */
  ask(question: string): Promise<string | null>;
  /** One line that is written over while something takes long. */
  startProgress(text: string): Progress;
  sleep(milliseconds: number): Promise<void>;
  /** A clock to measure waits with: milliseconds since some fixed instant. */
  nowMs(): number;
}

export interface Progress {
  show(text: string): void;
  end(): void;
}
