/**
 * ONNX Runtime (from 1.29, Linux builds too) keeps an identifier of the device and tells its maker about sessions: names, hashes and sizes
 * of models, times. Nothing leaves a device here but what docs/protocol.md names. Read by the library when it starts; what a thread puts
 * into its copy of the environment never gets there, so that this is the first thing a process loads of this room.
 * Source: `ORT_DISABLE_TELEMETRY` of onnxruntime's POSIX telemetry (microsoft/onnxruntime, pull request 27379).
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
