/**
 * Builders for the specs of every room that stands on artifacts: a run with a real signed log. Not part of the product: only specs import it.
 */
export { aFinishedRun, type FinishedRun } from './audit/a-finished-run.js';
