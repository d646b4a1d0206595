/**
 * What a bench of a step needs: the rows of docs/speed.md for any model, interleaved runs, random numbers that are the same in every run.
 * For `*.bench.ts` files only, here and in rooms that have a model to measure.
 */
export { measureHere } from './bench/step-process.js';
export { measureStep, type BenchOutput, type Figure, type StepModel } from './bench/step-rows.js';
