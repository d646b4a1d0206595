/** What a task of the demo trains and judges on, as files. */
export interface DeviceTexts {
  /** One file a device, in its order. */
  devices: { name: string; path: string }[];
  /** What no device sees. */
  heldOut: { path: string; examples: number };
  /** Of JSONL files. */
  fields?: { text: string; label: string };
}
