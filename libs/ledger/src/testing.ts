/**
 * Builders for the specs of every room: a manifest that is valid as it stands. Not part of the product: only specs import it.
 */
export { aManifest } from './manifest/a-manifest.js';
