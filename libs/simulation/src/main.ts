import { main } from './command.js';
import { Simulation } from './simulation.js';

process.exitCode = main(process.argv.slice(2), {
  now: () => Date.now(), print: (line) => process.stdout.write(`${line}\n`), simulate: (scenario) => new Simulation(scenario).run(),
});
