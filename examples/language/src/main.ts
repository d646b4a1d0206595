import { runDemo } from './demo/demo.js';
import { parseOptions } from './demo/options.js';

// process.exit runs the handler that ends every process of the fleet.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

try {
  process.exitCode = await runDemo(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`The demo failed. ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
