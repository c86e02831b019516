import type { Settings } from "../config/settings.ts";
import { REGIONS, SegmentClient } from "../deliver/segment-client.ts";
import { readCaFile } from "../lib/ca-file.ts";
import { library } from "./version.ts";

/**
 * A client for the Segment endpoint in the settings.
 * @throws CdcError CONFIGURATION where the file of its authority cannot be used
 */
export function segmentOf({
  writeKey,
  url,
  region,
  compression,
  timeout,
  ca,
}: Settings["segment"]): SegmentClient {
  return new SegmentClient({
    writeKey,
    url: url ?? REGIONS[region],
    compression,
    timeout_ms: timeout,
    ca: ca === undefined ? undefined : readCaFile("segment.ca", ca),
    library,
  });
}
