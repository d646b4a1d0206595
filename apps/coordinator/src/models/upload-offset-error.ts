import { FleetError } from '@seedfleet/errors';

/** An upload that starts elsewhere than at the bytes that are there: its answer carries the offset to go on at. */
export class UploadOffsetError extends FleetError {
  /** @param offset bytes that the coordinator has */
  constructor(readonly offset: number) {
    super('upload.offset', { field: 'Upload-Offset', problem: `The file has ${offset} bytes so far.` });
  }
}
