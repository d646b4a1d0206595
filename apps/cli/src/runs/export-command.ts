import { exportPeft, verifyRun, type CardFormat, type PublicRun, type ReportedEvaluation, type VerifiedRun } from '@seedfleet/artifacts';
import { FleetError } from '@seedfleet/errors';
import { routes } from '@seedfleet/protocol';
import { createArgument, Option, type Command } from 'commander';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { bytesText } from '../terminal/printer.js';
import { examples, numberValue, runNumber, type Shell } from '../terminal/shell.js';
import { auditWithProgress, type AuditedRun } from './audit-run.js';
import { exportRun, requireEmptyFolder, type ExportContents } from './export-run.js';
import { keyOption } from './key-option.js';
import { mergedFiles } from './merged-files.js';
import { fetchRunFiles, modelCacheFolder } from './run-files.js';

const exportFormats = ['peft', 'onnx', 'onnx-w8a8'] as const;

interface ExportOptions { out: string; as: (typeof exportFormats)[number]; round?: number; external: boolean; coordinatorKey?: string }

export function addExportCommand(runs: Command, shell: Shell): void {
  examples(runs.command('export').description('write what a run trained into a folder, once the run is verified: a PEFT adapter, or the base model with the adapter inside')
    .addArgument(createArgument('<run>', 'number of the run').argParser(runNumber))
    .requiredOption('--out <folder>', 'folder that is empty or does not exist')
    .addOption(new Option('--as <form>', 'adapter for PEFT, float model, or int8 model').choices(exportFormats).default('peft'))
    .option('--round <count>', 'the values after so many commits (default: after all)', numberValue)
    .option('--external', 'weights of the ONNX model in a file beside it, as models above 2 GB need', false)
    .addOption(keyOption())
    .action(async (id: number, options: ExportOptions) => {
      await requireEmptyFolder(options.out);
      const audited = await auditWithProgress(shell, { id, coordinatorKey: options.coordinatorKey });
      const { verified, published } = atRound(audited, options.round);
      const client = await shell.client();
      const { contents, format } = options.as === 'peft' ? peftFiles(verified) : await onnxFiles(shell, { client, verified, options });
      const evaluation = await evaluationOf(client, { id, rounds: verified.rounds });
      const exported = await exportRun({ verified, published, contents, format, evaluation }, options.out);
      shell.printer.value({ folder: options.out, ...exported }, ({ files }) => files.map((file) => `${options.out}/${file.path}  ${bytesText(file.bytes)}`).join('\n'));
    }), 'seedfleet runs export 3 --out ./adapter', 'seedfleet runs export 3 --as onnx-w8a8 --out ./model', 'seedfleet runs export 3 --as onnx --round 40 --out ./early');
}

/** The run as it was after some commits; the whole log is verified all the same. @throws FleetError `command.invalid` */
function atRound({ verified, published }: AuditedRun, round = published.log.length): { verified: VerifiedRun; published: PublicRun } {
  const { log } = published;
  if (!Number.isInteger(round) || round < 0 || round > log.length) throw new FleetError('command.invalid', { field: '--round', problem: `The run has ${log.length} commits, and --round is ${round}.`, fix: `Give a whole number from 0 to ${log.length}.` });
  if (round === log.length) return { verified, published };
  const part = { ...published, log: log.slice(0, round) };
  return { verified: verifyRun(part), published: part };
}

function peftFiles(verified: VerifiedRun): { contents: ExportContents; format: CardFormat } {
  const contents: ExportContents = { ...exportPeft(verified) };
  return { contents, format: { type: 'peft', biases: Object.hasOwn(contents, 'biases.safetensors') } };
}

async function onnxFiles(shell: Shell, { client, verified, options }: { client: CoordinatorClient; verified: VerifiedRun; options: ExportOptions }): Promise<{ contents: ExportContents; format: CardFormat }> {
  const { run, model: { files } } = verified.manifest;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const { surroundings } = shell;
  const progress = surroundings.startProgress('fetching the base model');
  try {
    const places = await fetchRunFiles({
      client, run, files, folder: modelCacheFolder(surroundings), sleep: surroundings.sleep,
      onProgress: (received) => { progress.show(`fetching the base model: ${bytesText(received)} of ${bytesText(total)}`); },
    });
    progress.show('merging');
    return await mergedFiles(verified, { precision: options.as === 'onnx-w8a8' ? 'w8a8' : 'fp32', external: options.external, places });
  } finally {
    progress.end();
  }
}

/** The newest evaluation that these values or earlier ones had. */
async function evaluationOf(client: CoordinatorClient, { id, rounds }: { id: number; rounds: number }): Promise<ReportedEvaluation | null> {
  const { items } = await client.json(routes.listEvaluations, { params: { id } });
  return items.filter(({ round }) => round <= rounds).sort((a, b) => b.round - a.round)[0] ?? null;
}
