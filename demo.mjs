/**
 * `npm run demo -- [--task sentiment|lm|verbalizer] ...`: the demo of one task; what else stands behind it goes to that demo (`--help` shows it).
 */
const demos = { sentiment: 'sentiment', lm: 'language', verbalizer: 'language' };

const given = process.argv.slice(2);
const at = given.findIndex((argument) => argument === '--task' || argument.startsWith('--task='));
const task = at < 0 ? 'sentiment' : given[at].includes('=') ? given[at].split('=')[1] : given[at + 1];
const example = Object.hasOwn(demos, task ?? '') ? demos[task] : undefined;
if (example === undefined) {
  console.error(`There is no task "${task}". Tasks: ${Object.keys(demos).join(', ')}.`);
  process.exitCode = 2;
} else {
  // Only the demo that has several tasks knows the option.
  if (example === 'sentiment' && at >= 0) process.argv.splice(2 + at, given[at].includes('=') ? 1 : 2);
  await import(`./examples/${example}/dist/main.js`);
}
