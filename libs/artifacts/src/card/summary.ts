import { type Manifest } from '@seedfleet/ledger';
import { type CardFormat } from './usage.js';

/** What the folder holds and how it answers, in a paragraph. */
export function summaryOf({ task, adapter: { sites } }: Manifest, format: CardFormat): string {
  const trained = format.type === 'peft' ? 'A LoRA adapter' : `A model with what was trained inside (${trainedOf(sites)})`;
  return `${trained}, fine-tuned by Seedfleet on devices whose data never left them.${answerOf(task)}`;
}

/** `4 LoRA sites, 1 bias, a head`. */
export function trainedOf(sites: Manifest['adapter']['sites']): string {
  const count = (kind: Manifest['adapter']['sites'][number]['kind']) => sites.filter((site) => site.kind === kind).length;
  const [loras, biases] = [count('lora'), count('bias')];
  return [loras > 0 && `${loras} LoRA ${loras === 1 ? 'site' : 'sites'}`, biases > 0 && `${biases} ${biases === 1 ? 'bias' : 'biases'}`, count('head-weight') > 0 && 'a head'].filter((part) => part !== false).join(', ');
}

function answerOf(task: Manifest['task']): string {
  switch (task.type) {
    case 'classification': return ` Labels, in the order of their class: ${task.labels.map(code).join(', ')}.`;
    case 'verbalizer': return ` To the prompt ${code(JSON.stringify(task.template))} it answers with one word: ${task.labels.map((label, i) => `${code(JSON.stringify(task.words[i]))} for ${code(label)}`).join(', ')}.`;
    case 'language': return ' It continues texts.';
  }
}

/** As code of Markdown, which grows its marks by those inside. */
function code(text: string): string {
  const marks = '`'.repeat(1 + Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)));
  return marks.length === 1 ? `\`${text}\`` : `${marks} ${text} ${marks}`;
}
