import { Presets, SingleBar } from 'cli-progress';

/** Where the run is, as the progress bar says it. */
export interface Progress {
  round: number;
  /** Held-out loss now less the loss before the first round; null until there are two. */
  lossChange: number | null;
  accuracy: number | null;
  /** Of all devices together, both ways. */
  bytes: number;
  devices: number;
}

export interface ProgressView {
  show(progress: Progress): void;
  end(): void;
}

/** A bar on a terminal, plain lines elsewhere: one for each tenth of the rounds. */
export function progressView({ rounds, stream }: { rounds: number; stream: NodeJS.WriteStream }): ProgressView {
  return stream.isTTY ? bar({ rounds, stream }) : lines({ rounds, stream });
}

function bar({ rounds, stream }: { rounds: number; stream: NodeJS.WriteStream }): ProgressView {
  const single = new SingleBar({
    stream, hideCursor: true, fps: 5, format: '{bar} round {value}/{total} | loss {loss} | accuracy {accuracy} | {kilobytes} kB | {devices} devices | {duration_formatted}',
  }, Presets.shades_classic);
  single.start(rounds, 0, wordsOf({ round: 0, lossChange: null, accuracy: null, bytes: 0, devices: 0 }));
  return { show: (progress) => single.update(progress.round, wordsOf(progress)), end: () => single.stop() };
}

function lines({ rounds, stream }: { rounds: number; stream: NodeJS.WriteStream }): ProgressView {
  let shown = -1;
  return {
    show(progress) {
      const tenth = Math.floor((10 * progress.round) / rounds);
      if (tenth === shown) return;
      shown = tenth;
      const { loss, accuracy, kilobytes, devices } = wordsOf(progress);
      stream.write(`round ${progress.round}/${rounds} | loss ${loss} | accuracy ${accuracy} | ${kilobytes} kB | ${devices} devices\n`);
    },
    end: () => undefined,
  };
}

function wordsOf({ lossChange, accuracy, bytes, devices }: Progress) {
  return {
    loss: lossChange === null ? '-' : `${lossChange > 0 ? '+' : ''}${lossChange.toFixed(3)}`,
    accuracy: accuracy === null ? '-' : `${(100 * accuracy).toFixed(1)} %`,
    kilobytes: Math.round(bytes / 1_000),
    devices,
  };
}
