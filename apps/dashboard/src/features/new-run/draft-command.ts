import { shellWord } from '../../shell/shell-words';
import { draftFor, labelsOf, wordsOf, type RunDraft } from './run-draft';

type Flag = [flag: string, value: string | number];

/** The same run from a terminal. What is not said here has the same default there. */
export function commandLineOf(draft: RunDraft, model: string): string {
  const always: Flag[] = [
    ['--model', model], ['--name', draft.name.trim()], ...taskFlags(draft), ['--tokens-max', draft.tokensMax],
    ['--rank', draft.rank], ['--alpha', draft.alpha], ['--sites', draft.sites], ['--queries', draft.queries], ['--batch', draft.batchExamples],
    ['--learning-rate', draft.learningRate], ['--rounds', draft.rounds], ['--cohort', draft.cohort], ['--reports-min', draft.reportsMin],
    ['--deadline', draft.deadlineSeconds], ['--evaluate-every', draft.evaluationEveryRounds],
  ];
  const free = draft.whenFree ? ' --when-free' : '';
  return `seedfleet runs start ${[...always, ...otherwise(draft), ...who(draft)].map(([flag, value]) => `${flag} ${shellWord(String(value))}`).join(' ')}${free}`;
}

const rareFlags = {
  scale: '--scale', biases: '--biases', precision: '--precision', estimator: '--estimator', eps: '--eps', distribution: '--distribution', directionGroups: '--groups',
  step: '--step', schedule: '--schedule', overSelection: '--over-selection', checkpointEveryRounds: '--checkpoint-every', attemptsMax: '--attempts-max', heldOutMin: '--held-out-min',
  targetLoss: '--target-loss', targetAccuracy: '--target-accuracy', plateau: '--plateau', plateauImprovement: '--plateau-improvement', divergence: '--divergence',
  budgetScalars: '--budget-scalars', budgetHours: '--budget-hours', startAt: '--start-at', after: '--after',
} as const satisfies Partial<Record<keyof RunDraft, string>>;

/** What is not as the command line has it by itself. */
function otherwise(draft: RunDraft): Flag[] {
  const defaults = draftFor(4);
  const flags: Flag[] = [];
  for (const [key, flag] of Object.entries(rareFlags) as [keyof typeof rareFlags, string][]) {
    const value = draft[key];
    if (value !== null && value !== defaults[key]) flags.push([flag, value]);
  }
  if (draft.biases !== '' && draft.biasScale !== defaults.biasScale) flags.push(['--bias-scale', draft.biasScale]);
  if (draft.task === 'classification' && draft.headScale !== defaults.headScale) flags.push(['--head-scale', draft.headScale]);
  return flags;
}

function who({ devices, group, membership, canaryRounds, canaryDevices, canaryShare, canaryGroup, canaryDepartures, canaryFailure }: RunDraft): Flag[] {
  const flags: (Flag | null)[] = [
    devices === null ? null : ['--devices', devices.join(',')], group === null ? null : ['--group', group], group === null || membership === 'followed' ? null : ['--membership', membership],
    ...(canaryRounds === null ? [] : [
      ['--canary-rounds', canaryRounds] satisfies Flag, canaryDevices === null ? null : ['--canary-devices', canaryDevices] satisfies Flag, canaryShare === null ? null : ['--canary-share', canaryShare] satisfies Flag,
      canaryGroup === null ? null : ['--canary-group', canaryGroup] satisfies Flag, canaryDepartures === 0.25 ? null : ['--canary-departures', canaryDepartures] satisfies Flag,
      canaryFailure === 'pause' ? null : ['--canary-failure', canaryFailure] satisfies Flag,
    ]),
  ];
  return flags.filter((flag) => flag !== null);
}

function taskFlags(draft: RunDraft): Flag[] {
  const labels: Flag = ['--labels', labelsOf(draft).join(',')];
  switch (draft.task) {
    case 'classification': return [labels];
    case 'verbalizer': return [['--task', 'verbalizer'], labels, ['--words', wordsOf(draft).join(',')], ['--template', draft.template]];
    case 'language': return [['--task', 'language'], ...(draft.overlap === null ? [] : [['--overlap', draft.overlap] satisfies Flag])];
  }
}
