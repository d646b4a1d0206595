#!/usr/bin/env node
import { runCommandLine } from './command-line.js';
import { processSurroundings } from './terminal/process-surroundings.js';

// `seedfleet runs list | head -1`: a reader that has enough is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.exitCode = await runCommandLine(process.argv.slice(2), processSurroundings());
