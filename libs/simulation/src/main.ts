import { main } from './command.js';

process.exitCode = main(process.argv.slice(2), { now: () => Date.now(), print: (line) => process.stdout.write(`${line}\n`) });
