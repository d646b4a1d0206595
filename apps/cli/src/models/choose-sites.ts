import { FleetError } from '@seedfleet/errors';
import { inspectSites, withoutCache, type AdapterSite, type OnnxModel } from '@seedfleet/onnx';

/** Share of the sites that is adapted where nothing was said: the last ones, behind which little is computed for every row. */
const lateShare = 1 / 3;

/**
 * Names of the sites to adapt, in graph order: those that match the whole pattern, or the last third of those before the output, without one as wide
 * as the vocabulary (the output head: a trained value for every word).
 * @throws FleetError `model.site-unknown`, `command.invalid`
 */
export function chooseSites(model: OnnxModel, { output, pattern, vocabulary }: { output: string; pattern?: string; vocabulary: number | undefined }): string[] {
  const before = sitesBefore(model, output);
  if (pattern === undefined) {
    const usual = before.filter(({ outputs }) => vocabulary === undefined || outputs < vocabulary);
    return namesOf(usual.slice(-Math.max(1, Math.ceil(usual.length * lateShare))));
  }
  const whole = wholePattern(pattern);
  const chosen = before.filter(({ name }) => whole.test(name));
  if (chosen.length === 0) throw new FleetError('model.site-unknown', { field: '--sites', problem: `No site before ${output} matches ${pattern} whole.` });
  return namesOf(chosen);
}

const namesOf = (sites: readonly AdapterSite[]) => sites.map(({ name }) => name);

function wholePattern(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (cause) {
    throw new FleetError('command.invalid', { field: '--sites', problem: `${pattern} is no regular expression.`, cause });
  }
}

/** Sites that the output depends on. */
function sitesBefore(model: OnnxModel, output: string): AdapterSite[] {
  const { graph } = withoutCache(model);
  const needed = new Set([output]);
  const nodes = new Set<string>();
  for (const node of [...graph.node].reverse()) {
    if (!node.output.some((value) => needed.has(value))) continue;
    nodes.add(node.name);
    for (const value of node.input) needed.add(value);
  }
  return inspectSites(model).sites.filter(({ node }) => nodes.has(node));
}
