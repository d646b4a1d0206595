import { readFile } from 'node:fs/promises';
import { FleetError } from '@seedfleet/errors';
import { parseRequest, routes } from '@seedfleet/protocol';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { isMissing } from '../terminal/is-missing.js';

/** Things of a file are known by their names, also where one refers to another: ids differ from one coordinator to the next. */
const named = z.string().min(1);

/**
 * What a coordinator shall have. A section that the file does not have is left alone; one that it has, even empty, is meant whole (with --prune).
 * Fields and defaults are those of the requests that make the things.
 */
export const declaredSchema = z.strictObject({
  groups: z.array(routes.createGroup.request).optional(),
  alertRules: z.array(routes.createAlertRule.request.extend({ channels: z.array(named).default([]) })).optional(),
  enrolmentTokens: z.array(routes.createEnrolmentToken.request.extend({ name: named, group: named.optional() })).optional(),
});
export type Declared = z.output<typeof declaredSchema>;

/** @param text YAML or JSON @throws FleetError `command.invalid`, `request.invalid` naming the field */
export function parseDeclared(text: string, file: string): Declared {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new FleetError('command.invalid', { field: file, problem: `This is no YAML: ${problem.message.split('\n')[0] ?? ''}` });
  const declared = parseRequest(declaredSchema, document.toJS() ?? {});
  for (const [section, things] of Object.entries(declared)) {
    const names = (things ?? []).map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new FleetError('command.invalid', { field: section, problem: `"${twice}" stands there twice.` });
  }
  return declared;
}

/** @param file `-` for the standard input @throws FleetError `file.unreadable` */
export async function readDeclared(file: string, readStdin: () => Promise<string>): Promise<Declared> {
  if (file === '-') return parseDeclared(await readStdin(), file);
  try {
    return parseDeclared(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    throw new FleetError('file.unreadable', { field: '--file', problem: `${file} ${isMissing(cause) ? 'does not exist' : 'cannot be read'}.`, cause });
  }
}
