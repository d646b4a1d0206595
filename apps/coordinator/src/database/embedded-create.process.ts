import { openEngine } from './embedded-engine.js';

// A process of its own, thrown away: initdb leaves 600 MB of pages behind that a thread would keep for its parent.
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('the directory to make is the one argument');
const db = await openEngine(directory, new Int32Array(new SharedArrayBuffer(4)));
await db.close();
