#!/usr/bin/env node
import { runCommandLine } from './command-line.js';
import { processSurroundings } from './terminal/process-surroundings.js';

process.exitCode = await runCommandLine(process.argv.slice(2), processSurroundings());
