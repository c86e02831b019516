import type { ModelRule } from "../classify/rules.ts";
import { CdcError } from "../lib/errors.ts";
import { missingUser } from "../map/sync.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import type { TopicTopology } from "./topology.ts";

/** The models of a topic as rules to classify by, with the numbers that the stored rows of this task give to the syncs. */
export function rulesOf(
  topicTopology: TopicTopology,
  entries: readonly SyncEntry[],
): readonly ModelRule[] {
  return topicTopology.models.map(({ name, filter, syncs }) => ({
    name,
    matches: filter.matches,
    syncs: syncs.map(({ sync, options, initialResults, missingUser: policy }) => {
      const number = entries.findIndex((entry) => entry.name === sync.name && !entry.retired);
      return {
        name: sync.name,
        number,
        watched: sync.watched,
        user: (row, absent) => sync.user(row, absent),
        missingUser: (row) => {
          if (policy === "ignore") return null;
          const error = missingUser(options, row);
          return policy === "stop" ? new CdcError("USER_REQUIRED", error.message) : error;
        },
        initialResults,
        boundary: entries[number]?.boundary ?? 0,
      };
    }),
  }));
}
