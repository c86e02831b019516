import type { Settings } from "../config/settings.ts";
import { REGIONS, SegmentClient } from "../deliver/segment-client.ts";
import { library } from "./library.ts";

/** Segment as the settings name it. */
export function segmentOf({
  writeKey,
  url,
  region,
  timeout_ms,
}: Settings["segment"]): SegmentClient {
  return new SegmentClient({ writeKey, url: url ?? REGIONS[region], timeout_ms, library });
}
